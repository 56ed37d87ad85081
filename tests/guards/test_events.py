"""Every event the product publishes is described in its app's ``events``, and nothing else is."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from accounts.webhooks.catalogue import TEST_EVENT, all_events

PROJECT = Path(__file__).resolve().parents[2]
APPS = ("accounts", "journeys", "surveys", "health")
NAME = re.compile(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*")
PUBLISHERS = {("outbox", "publish"), ("outbox", "publish_many"), ("versions", "news")}
# Names of audit lines that are passed on in variables.
AUDITED = {"win.taken_back"}
AUDITORS = {("audit", "record"), ("audit", "record_for"), ("audit", "record_many")}


@dataclass(frozen=True)
class Module:
    """A module of an app: the names written in it, and whether it publishes."""

    path: str
    names: frozenset[str]
    publishes: bool


@cache
def modules() -> list[Module]:
    return [
        Module(str(path.relative_to(PROJECT)), frozenset(written(tree)), publishes(tree))
        for app in APPS
        for path in sorted((PROJECT / app).rglob("*.py"))
        if path.name != "events.py"
        for tree in [ast.parse(path.read_text(encoding="utf-8"))]
    ]


def publishes(tree: ast.AST) -> bool:
    return any(_calls(node, PUBLISHERS) for node in ast.walk(tree))


def written(tree: ast.AST) -> set[str]:
    """Names in ``tree``, but for those given to the audit trail; ``noun.`` where the rest is put together."""
    audited = {id(inner) for call in ast.walk(tree) if _calls(call, AUDITORS) for inner in ast.walk(call)}
    texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)
             and id(node) not in audited and NAME.fullmatch(node.value)}  # fmt: skip
    published = (inner for call in ast.walk(tree) if _calls(call, PUBLISHERS) for inner in ast.walk(call))
    begun = {
        str(node.values[0].value)
        for node in published
        if isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant)
    }
    return texts | {beginning for beginning in begun if re.fullmatch(r"[a-z_]+\.", beginning)}


def _calls(node: ast.AST, functions: set[tuple[str, str]]) -> bool:
    """Whether ``node`` is a call such as ``module.name(…)`` of one of ``functions``."""
    called = node.func if isinstance(node, ast.Call) else None
    if not isinstance(called, ast.Attribute) or not isinstance(called.value, ast.Name):
        return False
    return (called.value.id, called.attr) in functions


def test_what_is_published_is_described() -> None:
    described = {event.name for event in all_events()}
    nouns = {name.partition(".")[0] + "." for name in described}
    missing = {
        name: module.path
        for module in modules()
        if module.publishes
        for name in module.names
        if name not in described | nouns | AUDITED
    }
    assert missing == {}, "describe them in the app's events.py, for receivers of webhooks"


def test_what_is_described_is_published() -> None:
    told = set().union(*(module.names for module in modules()))
    stale = {event.name for event in all_events() if not {event.name, event.name.partition(".")[0] + "."} & told}
    assert stale - {TEST_EVENT} == set()
