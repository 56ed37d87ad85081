"""The picture a shared link shows: headline and the top of the ranking, 1200 × 630, in the active language.

The same document gives the same bytes: fonts come from packages, never from the machine.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _
from PIL import Image, ImageDraw, ImageFont

from surveys.results import ranking, titles, words
from surveys.results.document import Document
from surveys.stats.shares import Method

WIDTH, HEIGHT = 1200, 630
_SCALE = 2
_LEFT, _RIGHT = 64, 1146
_PLOT_LEFT, _PLOT_RIGHT = 452, 822
_ROWS = 6
_ROW = 48
_GAP = 17
_GROUND, _INK, _INK2, _INK3 = "#fbfaf6", "#1b2024", "#454c52", "#646b71"
_PETROL, _FIRST, _STEM, _DASH, _GRID, _MUTE = "#0e6072", "#07333e", "#9fcbd3", "#4694a3", "#e8e5dc", "#868d93"


@cache
def _font(name: str, size: int) -> ImageFont.FreeTypeFont:
    family = "font_source_serif_pro" if "Serif" in name else "font_source_sans_pro"
    spec = find_spec(family)
    assert spec is not None
    assert spec.submodule_search_locations
    return ImageFont.truetype(Path(spec.submodule_search_locations[0]) / "files" / f"{name}.ttf", size * _SCALE)


class _Pen:
    """Draws at twice the size, so that what is scaled down is smooth."""

    def __init__(self) -> None:
        self.image = Image.new("RGB", (WIDTH * _SCALE, HEIGHT * _SCALE), _GROUND)
        self._draw = ImageDraw.Draw(self.image)

    def text(self, x: float, y: float, text: str, font: str, size: int, fill: str, anchor: str = "ls") -> float:
        """Text whose baseline is at ``y``; returns where it ends."""
        face = _font(font, size)
        self._draw.text((x * _SCALE, y * _SCALE), text, fill=fill, font=face, anchor=anchor)
        return x + face.getlength(text) / _SCALE

    def line(self, x1: float, y1: float, x2: float, y2: float, fill: str, width: float = 1.5) -> None:
        points = [value * _SCALE for value in (x1, y1, x2, y2)]
        self._draw.line(points, fill=fill, width=round(width * _SCALE))

    def dashes(self, y: float) -> None:
        for x in range(_LEFT, _RIGHT, 11):
            self.line(x, y, min(x + 6, _RIGHT), y, _DASH, 2)

    def box(self, x1: float, y1: float, x2: float, y2: float, fill: str) -> None:
        if x2 > x1:
            self._draw.rectangle([x1 * _SCALE, y1 * _SCALE, x2 * _SCALE - 1, y2 * _SCALE - 1], fill=fill)

    def dot(self, x: float, y: float) -> None:
        for radius, fill in ((10.5, _GROUND), (8.5, _PETROL)):
            self._draw.ellipse(
                [(x - radius) * _SCALE, (y - radius) * _SCALE, (x + radius) * _SCALE, (y + radius) * _SCALE], fill
            )

    def arch(self) -> None:
        """The product's mark."""
        box = [65 * _SCALE, 47 * _SCALE, 93 * _SCALE, 89 * _SCALE]
        self._draw.arc(box, 190, 350, fill=_PETROL, width=4 * _SCALE)


def draw(document: Document) -> bytes:
    """PNG of a document's headline and its first six rows, with a clear gap where there is one."""
    pen = _Pen()
    survey, figures = document["survey"], document["figures"]
    labels = {each["key"]: words.picked(each["label"], survey["languages"]) for each in document["options"]}
    title = figures["rankings"][Method.MENTIONS]["title"] if figures["is_enough"] else None
    pen.box(0, 0, 14, HEIGHT, _PETROL)
    pen.arch()
    kicker = " · ".join(part for part in (words.picked(survey["title"], survey["languages"]), survey["wave"]) if part)
    pen.text(108, 62, _shortened(kicker.upper(), "SourceSansPro-Bold", 20, 1000), "SourceSansPro-Bold", 20, _PETROL)
    below = _headline(pen, titles.headline(title, labels))
    if figures["is_enough"]:
        _plot(pen, figures, labels, below)
    pen.line(_LEFT, 561, _RIGHT, 561, _GRID, 1.5)
    _foot(pen, figures, len(labels))
    out = io.BytesIO()
    pen.image.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS).quantize(128, dither=Image.Dither.NONE).save(
        out, "PNG", optimize=True
    )
    return out.getvalue()


def _headline(pen: _Pen, text: str) -> int:
    """At most three lines, as large as they fit; returns the y where the chart may begin."""
    for size, most in ((52, 2), (44, 2), (36, 3), (30, 3)):
        lines = _wrapped(text, "SourceSerifPro-Regular", size, _RIGHT - _LEFT)
        if len(lines) <= most:
            break
    leading = size + 4
    for number, line in enumerate(lines[:3]):
        pen.text(_LEFT, 128 + number * leading, line, "SourceSerifPro-Regular", size, _INK)
    return 128 + (min(len(lines), 3) - 1) * leading + 46


def _plot(pen: _Pen, figures: Mapping[str, Any], labels: Mapping[str, str], top: int) -> None:
    found = ranking.ranking(figures, Method.MENTIONS, labels)
    for tick in found["ticks"]:
        pen.text(_at(tick["x"]), top, tick["text"], "SourceSansPro-Regular", 18, _INK3, "ms")
    pen.text(_LEFT, top, _("% in top 3; darker part: first choice"), "SourceSansPro-Regular", 18, _INK3)
    pen.text(930, top, _("rank"), "SourceSansPro-Regular", 18, _INK3)
    y = top + 34
    room = (548 - y) // _ROW
    for row in found["rows"][: min(_ROWS, room + 1)]:
        if y > 545:
            break
        _row(pen, row, found, y)
        y += _ROW
        if row.get("gap_below"):
            pen.dashes(y - _ROW / 2 + _GAP / 2 - 1)
            y += _GAP


def _row(pen: _Pen, row: Mapping[str, Any], found: Mapping[str, Any], y: int) -> None:
    face = "SourceSansPro-Semibold" if row["is_top"] else "SourceSansPro-Regular"
    for x in found["lines"]:
        pen.line(_at(x), y - 24, _at(x), y + 24, _GRID, 1)
    pen.line(_PLOT_LEFT, y - 24, _PLOT_LEFT, y + 24, _MUTE, 2)
    pen.box(_PLOT_LEFT, y - 6, _at(row["dot"]), y + 6, _STEM)
    pen.box(_PLOT_LEFT, y - 6, _at(row["first"]), y + 6, _FIRST)
    pen.line(_at(row["low"]), y, _at(row["high"]), y, _INK, 2)
    for end in (row["low"], row["high"]):
        pen.line(_at(end), y - 7, _at(end), y + 7, _INK, 2)
    pen.dot(_at(row["dot"]), y)
    room = _PLOT_LEFT - _LEFT - 14
    size = next((each for each in (24, 21) if _shortened(row["label"], face, each, room) == row["label"]), 19)
    pen.text(_LEFT, y + 8, _shortened(row["label"], face, size, room), face, size, _INK)
    pen.text(906, y + 8, row["value"], "SourceSansPro-Bold", 26, _INK, "rs")
    pen.text(930, y + 7, row["rank"], face, 21, _INK if row["is_top"] else _INK2)


def _foot(pen: _Pen, figures: Mapping[str, Any], k: int) -> None:
    x: float = _LEFT
    if figures["is_enough"]:
        answers = _("%(n)s answers") % {"n": words.number(figures["n"])}
        x = pen.text(x, 595, answers, "SourceSansPro-Bold", 19, _INK)
        x = pen.text(x, 595, " · ", "SourceSansPro-Regular", 19, _INK2)
        shown = _("%(shown)d of %(k)d") % {"shown": min(_ROWS, k), "k": k}
        pen.text(_RIGHT, 595, shown, "SourceSansPro-Regular", 19, _INK2, "rs")
    x = pen.text(x, 595, _("self-selected, not representative"), "SourceSansPro-Regular", 19, _INK2)
    whiskers = " · " + _("whiskers: 95% resampling interval")
    if figures["is_enough"] and x + _font("SourceSansPro-Regular", 19).getlength(whiskers) / _SCALE < 1040:
        pen.text(x, 595, whiskers, "SourceSansPro-Regular", 19, _INK2)


def _at(percent: float) -> float:
    return _PLOT_LEFT + (_PLOT_RIGHT - _PLOT_LEFT) * percent / 100


def _wrapped(text: str, font: str, size: int, width: float) -> list[str]:
    """Lines no wider than ``width``, as even as the fewest lines allow, so that no word stands alone."""
    lines = _greedy(text, font, size, width)
    narrow = width
    while len(lines) > 1 and len(_greedy(text, font, size, narrow - 20)) == len(lines):
        narrow -= 20
        lines = _greedy(text, font, size, narrow)
    return lines


def _greedy(text: str, font: str, size: int, width: float) -> list[str]:
    face = _font(font, size)
    lines: list[str] = []
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and face.getlength(longer) / _SCALE <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _shortened(text: str, font: str, size: int, width: float) -> str:
    face = _font(font, size)
    if face.getlength(text) / _SCALE <= width:
        return text
    while text and face.getlength(text + "…") / _SCALE > width:
        text = text[:-1]
    return text.rstrip() + "…"
