"""Reading JSON bodies: everything a database or a later reader would choke on is refused here, by name."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

from django.http import HttpRequest
from django.utils.translation import gettext as _
from rest_framework.parsers import BaseParser

from csplatform.core.rest.problems import Problem, invalid

MAX_DEPTH = 20


class StrictJSONParser(BaseParser):
    """UTF-8 JSON without NUL characters, lone surrogates, NaN, doubled names or nesting beyond ``MAX_DEPTH``."""

    media_type = "application/json"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None) -> Any:
        # HttpRequest.body, unlike the stream, keeps to the size limit of the settings.
        raw: bytes = stream.body if isinstance(stream, HttpRequest) else stream.read()
        try:
            data = json.loads(raw.decode("utf-8-sig"), parse_constant=_refuse_constant, object_pairs_hook=_unique_names)
        except UnicodeDecodeError as error:
            raise _malformed(_("The body is not UTF-8.")) from error
        except RecursionError as error:
            raise _malformed(_("The body is nested too deeply.")) from error
        except ValueError as error:
            raise _malformed(_("The body is not JSON: %(reason)s") % {"reason": error}) from error
        problems = list(_unusable(data, "", 0))
        if problems:
            raise invalid(problems)
        return data


def _malformed(detail: str) -> Problem:
    return Problem(400, detail, kind="malformed-json")


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def _unique_names(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        names = [name for name, _value in pairs]
        doubled = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{doubled!r} is given twice")
    return result


def _unusable(value: Any, path: str, depth: int) -> Iterator[tuple[str | None, str]]:
    if depth > MAX_DEPTH:
        yield path or None, _("Nested too deeply.")
    elif isinstance(value, str):
        yield from _unusable_text(value, path)
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _unusable_text(name, path)
            yield from _unusable(inner, f"{path}.{_safe(name)}" if path else _safe(name), depth + 1)
    elif isinstance(value, list):
        for position, inner in enumerate(value):
            yield from _unusable(inner, f"{path}.{position}" if path else str(position), depth + 1)


def _unusable_text(text: str, path: str) -> Iterator[tuple[str | None, str]]:
    if "\0" in text:
        yield path or None, _("Holds a NUL character, which cannot be stored.")
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        yield path or None, _("Holds half of a surrogate pair, which is no character.")


def _safe(name: str) -> str:
    return name.encode("utf-8", "replace").decode().replace("\0", "?")
