"""Every address the URL configuration knows, as one can ask for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RegexPattern, RoutePattern
from django.utils.regex_helper import normalize


@dataclass(frozen=True)
class Route:
    """``shape``: the address with ``%(name)s`` for each parameter; ``name``: its URL name, with namespaces."""

    shape: str
    name: str
    parameters: tuple[str, ...]
    view: Any

    def path(self, values: dict[str, str]) -> str:
        return self.shape % values

    def __str__(self) -> str:
        return self.shape


def all_routes() -> list[Route]:
    return sorted(set(_walk(get_resolver().url_patterns, "", "")), key=lambda route: (route.shape, route.name))


def _walk(patterns: list[Any], prefix: str, namespace: str) -> Iterator[Route]:
    for pattern in patterns:
        regex = prefix + _plain(pattern.pattern)
        if isinstance(pattern, URLResolver):
            inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            yield from _walk(pattern.url_patterns, regex, inner)
        elif isinstance(pattern, URLPattern):
            # Of the alternatives an optional group makes, the longest exercises every parameter.
            shape, parameters = max(normalize(regex), key=lambda found: (len(found[1]), len(found[0])))
            yield Route("/" + shape, namespace + (pattern.name or ""), tuple(parameters), pattern.callback)


def _plain(pattern: RoutePattern | RegexPattern) -> str:
    return pattern.regex.pattern.removeprefix("^").replace(r"\Z", "").removesuffix("$")
