# One image for web, worker, scheduler and set-up: see docker-compose.yml.
FROM python:3.13-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /app/.venv
COPY requirements.lock /app/
RUN /app/.venv/bin/python -m pip install --quiet --require-hashes --no-deps -r /app/requirements.lock

FROM python:3.13-slim
ENV PATH=/app/.venv/bin:$PATH PYTHONUNBUFFERED=1 STATIC_ROOT=/app/collected MEDIA_ROOT=/files BIND=0.0.0.0 PORT=8000
WORKDIR /app
# What boosted trees need of the system.
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends libgomp1 && rm -rf /var/lib/apt/lists/*
RUN useradd --system --uid 10001 --home-dir /app --shell /usr/sbin/nologin boomerang \
 && install --directory --owner boomerang /files
COPY --from=build /app/.venv /app/.venv
COPY manage.py /app/
COPY csplatform /app/csplatform
COPY accounts /app/accounts
COPY journeys /app/journeys
COPY surveys /app/surveys
COPY health /app/health
COPY templates /app/templates
COPY static /app/static
# Collecting and compiling need settings, not services: these addresses are never called and do not stay in the image.
RUN python -m csplatform.local.catalogues \
 && SECRET_KEY=build DATABASE_URL=postgres://build@127.0.0.1/build DATABASE_OWNER_URL=postgres://build@127.0.0.1/build \
    REDIS_URL=redis://127.0.0.1 python manage.py collectstatic --no-input --verbosity 0 --ignore redoc
USER boomerang
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
  CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
CMD ["python", "-m", "csplatform.serve", "web"]
