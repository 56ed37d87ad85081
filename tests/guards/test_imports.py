"""What import-linter cannot tell, because it sees Django as one package: the HTTP part of it stays out of the rules."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
APPS = ("accounts", "journeys", "surveys", "health")
KNOW_NO_HTTP = {
    "models", "services", "selectors", "segments", "imports", "facts", "terms", "values", "measures", "scoring", "risk",
    "webhooks",
}  # fmt: skip
HTTP = ("django.http", "django.shortcuts", "django.views", "django.urls", "django.template", "django.middleware")


def modules() -> list[Path]:
    """Every module of an app that holds models, rules, reads or writes."""
    found = []
    for app in APPS:
        for path in (PROJECT / app).rglob("*.py"):
            first = path.relative_to(PROJECT / app).parts[0].removesuffix(".py")
            if first in KNOW_NO_HTTP:
                found.append(path)
    return sorted(found)


def imported(source: Path) -> set[str]:
    """Names of the modules a file imports anywhere in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {each.name for each in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{each.name}" for each in node.names)}
    return names


def test_there_is_something_to_look_at() -> None:
    assert len(modules()) > 20


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PROJECT)))
def test_models_services_selectors_and_rules_know_no_http(path: Path) -> None:
    http = {name for name in imported(path) if any(name == part or name.startswith(part + ".") for part in HTTP)}
    assert not http
