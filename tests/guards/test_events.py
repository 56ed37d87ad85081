"""Every event the product publishes stands in the catalogue that receivers of webhooks read, and no other."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from accounts.webhooks.catalogue import BY_NAME, TEST_EVENT

PROJECT = Path(__file__).resolve().parents[2]
APPS = ("accounts", "journeys", "surveys", "health")
NAME = re.compile(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*")


def published() -> dict[str, str]:
    """Name → module: names written in modules that publish, but for those given to the audit trail."""
    found: dict[str, str] = {}
    for app in APPS:
        for path in sorted((PROJECT / app).rglob("*.py")):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            if not any(_is(node, "outbox", {"publish", "publish_many"}) for node in ast.walk(tree)):
                continue
            audited = {
                id(inner)
                for call in ast.walk(tree)
                if _is(call, "audit", {"record", "record_for"})
                for inner in ast.walk(call)
            }
            found |= {
                node.value: str(path.relative_to(PROJECT))
                for node in ast.walk(tree)
                if isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and id(node) not in audited
                and NAME.fullmatch(node.value)
            }
    return found


def _is(node: ast.AST, module: str, names: set[str]) -> bool:
    """Whether ``node`` is a call such as ``module.name(…)``."""
    called = node.func if isinstance(node, ast.Call) else None
    if not isinstance(called, ast.Attribute) or not isinstance(called.value, ast.Name):
        return False
    return called.value.id == module and called.attr in names


def test_the_catalogue_names_what_is_published() -> None:
    told = published()
    assert len(told) >= 7
    missing = {name: module for name, module in told.items() if name not in BY_NAME}
    assert missing == {}, "describe them in accounts/webhooks/catalogue.py"
    assert set(BY_NAME) - set(told) == {TEST_EVENT}, "nobody publishes these"
