"""What was typed into the lab, over the draft it began from. Pure.

A curve is typed as its points, value and share of the points in percent: ``0 = 0; 2.5 = 40; 5 = 100``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

LONGEST = 2_000


@dataclass(slots=True)
class Typed:
    """``content``: the draft with what could be read. ``unread``: fields whose text says no number, with the text."""

    content: dict[str, Any]
    unread: dict[str, str] = field(default_factory=dict)

    def number(self, name: str, text: str | None) -> float | None:
        """The number that was typed, None (and noted as unread) where there is none."""
        try:
            found = float((text or "")[:LONGEST].strip().replace(",", "."))
        except ValueError:
            found = math.nan
        if math.isfinite(found):
            return found
        self.unread[name] = (text or "").strip()[:60]
        return None


def read(base: Mapping[str, Any], told: Mapping[str, str]) -> Typed:
    """``told``: texts of the fields ``weight.KEY``, ``curve.KEY``, ``healthy`` and ``watch``; those left out stay."""
    items = [dict(item) for item in base["items"]]
    typed = Typed({**base, "items": items, "bands": dict(base["bands"])})
    for item in items:
        name = f"weight.{item['measure']}"
        if name in told:
            weight = typed.number(name, told[name])
            item["weight"] = item["weight"] if weight is None else weight
        name = f"curve.{item['measure']}"
        if name in told:
            item["curve"] = _curve(typed, name, told[name]) or item["curve"]
    for band in ("healthy", "watch"):
        if band in told:
            edge = typed.number(band, told[band])
            typed.content["bands"][band] = typed.content["bands"][band] if edge is None else edge
    return typed


def _curve(typed: Typed, name: str, text: str) -> list[list[float]] | None:
    points = []
    for part in text[:LONGEST].split(";"):
        if not part.strip():
            continue
        value, equals, share = part.partition("=")
        x, y = typed.number(name, value), typed.number(name, share if equals else None)
        if x is None or y is None:
            typed.unread[name] = part.strip()[:60]
            return None
        points.append([x, y / 100])
    if not points:
        typed.unread[name] = ""
        return None
    return points


def curve_text(curve: list[list[float]]) -> str:
    """A curve as it would be typed."""
    return "; ".join(f"{x:.12g} = {100 * y:.6g}" for x, y in curve)


def with_weights(content: Mapping[str, Any], weights: Mapping[str, float]) -> dict[str, Any]:
    """The content with these weights by measure; weights that groups have of their own would change them, and go."""
    items = [{**item, "weight": weights.get(item["measure"], item["weight"])} for item in content["items"]]
    groups = [{name: part for name, part in group.items() if name != "weight"} for group in content["groups"]]
    return {**content, "items": items, "groups": groups}
