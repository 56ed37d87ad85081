"""The picture a shared link shows: headline and the top of the ranking, or the figure, in the active language.

The same document gives the same bytes: fonts come from packages, never from the machine.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from PIL import Image

from surveys.results import asked_picture, asked_section, asked_titles, ranking, titles, words
from surveys.results.document import Document
from surveys.results.pen import (
    FIRST,
    GRID,
    HEIGHT,
    INK,
    INK2,
    INK3,
    LEFT,
    MUTE,
    PETROL,
    RIGHT,
    SCALE,
    STEM,
    WIDTH,
    Pen,
    font_of,
    shortened,
    wrapped,
)
from surveys.stats.shares import Method

_PLOT_LEFT, _PLOT_RIGHT = 452, 822
_ROWS = 6
_ROW = 48
_GAP = 17


def draw(document: Document) -> bytes:
    """PNG of a document's headline and its first six rows, with a clear gap where there is one."""
    pen = Pen()
    survey, figures = document["survey"], document["figures"]
    is_ballot = survey["kind"] == "top3"
    pen.box(0, 0, 14, HEIGHT, PETROL)
    pen.arch()
    kicker = " · ".join(part for part in (words.picked(survey["title"], survey["languages"]), survey["wave"]) if part)
    pen.text(108, 62, shortened(kicker.upper(), "SourceSansPro-Bold", 20, 1000), "SourceSansPro-Bold", 20, PETROL)
    options = 0
    if is_ballot:
        labels = {each["key"]: words.picked(each["label"], survey["languages"]) for each in document["options"]}
        title = figures["rankings"][Method.MENTIONS]["title"] if figures["is_enough"] else None
        below = _headline(pen, titles.headline(title, labels))
        options = len(labels)
        if figures["is_enough"]:
            _plot(pen, figures, labels, below)
    else:
        told = asked_section.labels_of(document)
        below = _headline(pen, asked_titles.headline(document, told))
        found = asked_titles.first_shown(document)
        if found is not None:
            asked_picture.plot(pen, asked_section.drawing(found, told[found["key"]]), below)
    pen.line(LEFT, 561, RIGHT, 561, GRID, 1.5)
    _foot(pen, figures, options)
    out = io.BytesIO()
    pen.image.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS).quantize(128, dither=Image.Dither.NONE).save(
        out, "PNG", optimize=True
    )
    return out.getvalue()


def _headline(pen: Pen, text: str) -> int:
    """At most three lines, as large as they fit; returns the y where the chart may begin."""
    for size, most in ((52, 2), (44, 2), (36, 3), (30, 3)):
        lines = wrapped(text, "SourceSerifPro-Regular", size, RIGHT - LEFT)
        if len(lines) <= most:
            break
    leading = size + 4
    for number, line in enumerate(lines[:3]):
        pen.text(LEFT, 128 + number * leading, line, "SourceSerifPro-Regular", size, INK)
    return 128 + (min(len(lines), 3) - 1) * leading + 46


def _plot(pen: Pen, figures: Mapping[str, Any], labels: Mapping[str, str], top: int) -> None:
    found = ranking.ranking(figures, Method.MENTIONS, labels)
    for tick in found["ticks"]:
        pen.text(_at(tick["x"]), top, tick["text"], "SourceSansPro-Regular", 18, INK3, "ms")
    pen.text(LEFT, top, _("% in top 3; darker part: first choice"), "SourceSansPro-Regular", 18, INK3)
    pen.text(930, top, _("rank"), "SourceSansPro-Regular", 18, INK3)
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


def _row(pen: Pen, row: Mapping[str, Any], found: Mapping[str, Any], y: int) -> None:
    face = "SourceSansPro-Semibold" if row["is_top"] else "SourceSansPro-Regular"
    for x in found["lines"]:
        pen.line(_at(x), y - 24, _at(x), y + 24, GRID, 1)
    pen.line(_PLOT_LEFT, y - 24, _PLOT_LEFT, y + 24, MUTE, 2)
    pen.box(_PLOT_LEFT, y - 6, _at(row["dot"]), y + 6, STEM)
    pen.box(_PLOT_LEFT, y - 6, _at(row["first"]), y + 6, FIRST)
    pen.line(_at(row["low"]), y, _at(row["high"]), y, INK, 2)
    for end in (row["low"], row["high"]):
        pen.line(_at(end), y - 7, _at(end), y + 7, INK, 2)
    pen.dot(_at(row["dot"]), y)
    room = _PLOT_LEFT - LEFT - 14
    size = next((each for each in (24, 21) if shortened(row["label"], face, each, room) == row["label"]), 19)
    pen.text(LEFT, y + 8, shortened(row["label"], face, size, room), face, size, INK)
    pen.text(906, y + 8, row["value"], "SourceSansPro-Bold", 26, INK, "rs")
    pen.text(930, y + 7, row["rank"], face, 21, INK if row["is_top"] else INK2)


def _foot(pen: Pen, figures: Mapping[str, Any], k: int) -> None:
    x: float = LEFT
    if figures["is_enough"]:
        answers = _("%(n)s answers") % {"n": words.number(figures["n"])}
        x = pen.text(x, 595, answers, "SourceSansPro-Bold", 19, INK)
        x = pen.text(x, 595, " · ", "SourceSansPro-Regular", 19, INK2)
    if figures["is_enough"] and k:
        shown = _("%(shown)d of %(k)d") % {"shown": min(_ROWS, k), "k": k}
        pen.text(RIGHT, 595, shown, "SourceSansPro-Regular", 19, INK2, "rs")
    x = pen.text(x, 595, _("self-selected, not representative"), "SourceSansPro-Regular", 19, INK2)
    whiskers = " · " + _("whiskers: 95% resampling interval")
    if figures["is_enough"] and x + font_of("SourceSansPro-Regular", 19).getlength(whiskers) / SCALE < 1040:
        pen.text(x, 595, whiskers, "SourceSansPro-Regular", 19, INK2)


def _at(percent: float) -> float:
    return _PLOT_LEFT + (_PLOT_RIGHT - _PLOT_LEFT) * percent / 100
