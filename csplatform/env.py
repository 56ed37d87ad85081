"""The environment, read once: every variable typed, with its default, and named when it is wrong."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from ipaddress import ip_network
from typing import TypeVar
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

T = TypeVar("T")

_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off", ""}


class Env:
    """Typed reader over a mapping of variables.

    Every reader raises ``ImproperlyConfigured`` naming the variable, what was found (never a secret's
    value) and what is expected.
    """

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values

    def _read(self, name: str, default: T, parse: Callable[[str], T], expected: str) -> T:
        raw = self._values.get(name)
        if raw is None or raw == "":
            return default
        try:
            return parse(raw)
        except ValueError as error:
            raise ImproperlyConfigured(f"{name} is not usable: expected {expected}.") from error

    def text(self, name: str, default: str) -> str:
        return self._values.get(name) or default

    def flag(self, name: str, default: bool) -> bool:
        def parse(raw: str) -> bool:
            lowered = raw.strip().lower()
            if lowered in _TRUE:
                return True
            if lowered in _FALSE:
                return False
            raise ValueError(raw)

        return self._read(name, default, parse, "1 or 0")

    def number(self, name: str, default: int, *, low: int, high: int) -> int:
        def parse(raw: str) -> int:
            value = int(raw)
            if not low <= value <= high:
                raise ValueError(raw)
            return value

        return self._read(name, default, parse, f"a whole number from {low} to {high}")

    def words(self, name: str, default: list[str]) -> list[str]:
        return self._read(
            name, default, lambda raw: [word.strip() for word in raw.split(",") if word.strip()], "a list with commas"
        )

    def networks(self, name: str) -> list[str]:
        """IP addresses or networks, separated by commas; none by default."""

        def parse(raw: str) -> list[str]:
            return [str(ip_network(word.strip(), strict=False)) for word in raw.split(",") if word.strip()]

        return self._read(name, [], parse, "IP addresses or networks with commas")

    def choice(self, name: str, default: str, choices: set[str]) -> str:
        def parse(raw: str) -> str:
            if raw not in choices:
                raise ValueError(raw)
            return raw

        return self._read(name, default, parse, "one of " + ", ".join(sorted(choices)))

    def url(self, name: str, schemes: set[str]) -> str:
        """A required URL whose scheme is one of ``schemes``."""
        raw = self._values.get(name, "")
        expected = f"a URL starting with {' or '.join(sorted(s + '://' for s in schemes))}"
        if not raw:
            raise ImproperlyConfigured(
                f"{name} is not set: expected {expected}. Start the local services with `make run`, or set it."
            )
        if urlsplit(raw).scheme not in schemes:
            raise ImproperlyConfigured(f"{name} is not usable: expected {expected}.")
        return raw


def load() -> Env:
    """The process environment; where it names no database, the embedded services' own variables fill the gaps."""
    values = dict(os.environ)
    if not values.get("DATABASE_URL"):
        from csplatform.local.state import discover

        for name, value in (discover() or {}).items():
            values.setdefault(name, value)
    return Env(values)
