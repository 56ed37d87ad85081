"""The patient reader for JSON that the quick one refuses, so that one bad message does not cost the others. Pure."""

from __future__ import annotations

import json
import math
import re
from typing import Any

MAX_DEPTH = 32
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[{}\[\],]', re.DOTALL)
_OPEN = (b"{", b"[")
TOO_DEEP = f"nested deeper than {MAX_DEPTH} levels"


def read_patiently(body: bytes) -> Any:
    """Decode JSON that may hold NaN, huge numbers or broken Unicode; ``problem_in`` finds them afterwards.

    Raises ``ValueError`` when it is no JSON at all, ``RecursionError`` when nested beyond reason.
    """
    return json.loads(body.decode("utf-8-sig", "surrogateescape"), parse_int=_integer)


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) <= 19 else math.inf


def problem_in(found: object, depth: int = 1) -> str | None:
    """What makes ``found`` unfit for storage, in words; None when nothing does."""
    if isinstance(found, str):
        return _problem_in_text(found)
    if isinstance(found, float):
        return None if math.isfinite(found) else "holds NaN or a number too large"
    if isinstance(found, int):
        return None if -(2**63) <= found < 2**63 else "holds a number beyond 64 bits"
    if isinstance(found, dict | list):
        if depth > MAX_DEPTH:
            return TOO_DEEP
        inner = [*found.keys(), *found.values()] if isinstance(found, dict) else found
        return next((problem for item in inner if (problem := problem_in(item, depth + 1))), None)
    return None


def _problem_in_text(text: str) -> str | None:
    if "\0" in text:
        return "holds a NUL character"
    try:
        text.encode()
    except UnicodeEncodeError:
        return "holds a lone surrogate or bytes that are not UTF-8"
    return None


def without_deep_messages(body: bytes) -> tuple[bytes, dict[int, str]]:
    """Replace messages nested beyond reason by null; returns the new body and the places that were replaced.

    Walks the brackets without recursion. Messages are the elements of arrays at depth 2, the batch.
    """
    depth, index, start, deepest = 0, 0, 0, 0
    cuts: list[tuple[int, int]] = []
    places: dict[int, str] = {}
    for token in _TOKEN.finditer(body):
        mark = token.group()
        if mark in _OPEN:
            depth += 1
            if depth == 3:
                start, deepest = token.start(), 3
            deepest = max(deepest, depth)
        elif mark in (b"}", b"]"):
            if depth == 3 and deepest > MAX_DEPTH + 2:
                cuts.append((start, token.end()))
                places[index] = TOO_DEEP
            depth -= 1
            if depth == 1:
                index = 0
        elif mark == b"," and depth == 2:
            index += 1
    pieces, position = [], 0
    for begin, end in cuts:
        pieces += [body[position:begin], b"null"]
        position = end
    return b"".join([*pieces, body[position:]]), places
