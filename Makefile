# Every target works from a fresh clone with Python 3.11 or newer and make: `make run` and `make test` are the two to know.
SHELL := /bin/sh
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$p"; exit; }; done; echo python3)
PY := .venv/bin/python
LOCAL := $(PY) -m csplatform.local
TEST_STATE := .local/test
WITH_SERVICES = $(LOCAL) exec --state $(TEST_STATE) --
ARGS ?=

run: install
	@exec $(LOCAL) run

stop:
	@exec $(if $(wildcard $(PY)),$(PY),$(PYTHON)) -m csplatform.local stop

reset:
	@exec $(if $(wildcard $(PY)),$(PY),$(PYTHON)) -m csplatform.local reset $(if $(YES),--yes)

# Shared out by file to two processes, each with a database of its own. In the order of their names: the files of few but
# long tests would else come last, and one process would wait for the other.
SHARED_OUT = -n 2 --dist loadfile --no-loadscope-reorder
test: install-dev
	@exec $(WITH_SERVICES) $(PY) -m pytest --ignore=tests/browser $(SHARED_OUT) $(ARGS)

# Elsewhere the browser tests are left out; here they must run, so a machine without Chromium fails.
CHROMIUM ?= $(shell command -v chromium || command -v chromium-browser || command -v google-chrome)
browser-test: install-dev
	@[ -n "$(CHROMIUM)" ] || { echo "There is no Chromium: install it (Debian: apt install chromium), or name it with CHROMIUM=/path."; exit 1; }
	@CHROMIUM="$(CHROMIUM)" exec $(WITH_SERVICES) $(PY) -m pytest tests/browser $(SHARED_OUT) $(ARGS)

# All checks run, also after one fails, the others beside the types, which take longest; these and the migration check
# need settings, and those need services.
lint: install-dev
	@exec $(WITH_SERVICES) $(MAKE) --no-print-directory --keep-going --jobs 2 $(LINTERS)

# A configuration as in production, so that `check --deploy` judges that and not the defaults for one machine.
PRODUCTION = DEBUG=0 PUBLIC_URL=https://boomerang.example ALLOWED_HOSTS=boomerang.example
LINTERS = lint-types lint-format lint-code lint-imports lint-templates lint-migrations lint-deployment
lint-format:
	$(PY) -m ruff format --check .
lint-code:
	$(PY) -m ruff check .
lint-types:
	$(PY) -m mypy
lint-imports:
	$(PY) -c 'from importlinter.cli import lint_imports_command as run; run()' --no-cache
lint-templates:
	$(PY) -m djlint templates --lint --quiet
lint-migrations:
	$(PY) manage.py makemigrations --check --dry-run
lint-deployment:
	$(PRODUCTION) $(PY) manage.py check --deploy --fail-level WARNING

bench: install-dev
	@exec $(LOCAL) exec --state .local/bench -- $(PY) -m bench $(ARGS)

# Brings the catalogues up to date with the sources; compiling them is done at every start, see csplatform/local/catalogues.py.
messages: install
	@$(PY) -m csplatform.core.messages

install:
	@exec $(PYTHON) csplatform/local/install.py local

install-dev:
	@exec $(PYTHON) csplatform/local/install.py dev

# Needs uv. Every file pins what the next one pins too, so that the three can never disagree.
COMPILE = uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--no-header --quiet
lock:
	$(COMPILE) --extra local --extra dev -o requirements-dev.lock
	$(COMPILE) --extra local -c requirements-dev.lock -o requirements-local.lock
	$(COMPILE) -c requirements-dev.lock -o requirements.lock

.PHONY: run test lint bench browser-test stop reset lock messages install install-dev $(LINTERS)
