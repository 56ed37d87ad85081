"""A score or the choices of a question, drawn into the share image."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from surveys.results.pen import FIRST, GRID, INK, INK2, INK3, LEFT, MUTE, PETROL, RIGHT, STEM, Pen, shortened

_BOTTOM = 545
_PLOT_LEFT, _PLOT_RIGHT = 452, 1040
_PARTS = {"promoters": PETROL, "passives": STEM, "detractors": MUTE, "": PETROL}


def plot(pen: Pen, shown: Mapping[str, Any], top: int) -> None:
    """The drawing of one measure below ``top``, as the page shows it."""
    if "score" in shown:
        _score(pen, shown, top)
    else:
        _choices(pen, shown, top)


def _score(pen: Pen, shown: Mapping[str, Any], top: int) -> None:
    """The figure on its scale, and below it how often each answer was given, as columns."""
    y = top + 26

    def at(percent: float) -> float:
        return LEFT + (RIGHT - LEFT) * percent / 100

    for x in shown["lines"]:
        pen.line(at(x), y - 20, at(x), y + 20, GRID, 1)
    pen.line(LEFT, y, RIGHT, y, MUTE, 2)
    pen.line(at(shown["score"]["left"]), y, at(shown["score"]["right"]), y, INK, 3)
    for end in (shown["score"]["left"], shown["score"]["right"]):
        pen.line(at(end), y - 9, at(end), y + 9, INK, 3)
    pen.dot(at(shown["score"]["dot"]), y)
    for number, tick in enumerate(shown["ticks"]):
        anchor = "ls" if number == 0 else "rs" if number == len(shown["ticks"]) - 1 else "ms"
        pen.text(at(tick["x"]), y + 44, tick["text"], "SourceSansPro-Regular", 18, INK3, anchor)
    _columns(pen, list(reversed(shown["steps"])), y + 84)


def _columns(pen: Pen, steps: list[Mapping[str, Any]], top: float) -> None:
    width = (RIGHT - LEFT) / len(steps)
    tall = _BOTTOM - 28 - top - 26
    for number, step in enumerate(steps):
        left, height = LEFT + number * width, tall * step["width"] / 100
        floor = _BOTTOM - 28
        pen.box(left + 6, floor - height, left + width - 6, floor, _PARTS[step["part"]])
        middle = left + width / 2
        pen.text(middle, floor - height - 8, step["share"], "SourceSansPro-Bold", 19, INK, "ms")
        pen.text(middle, floor + 24, str(step["answer"]), "SourceSansPro-Regular", 19, INK2, "ms")


def _choices(pen: Pen, shown: Mapping[str, Any], top: int) -> None:
    def at(percent: float) -> float:
        return _PLOT_LEFT + (_PLOT_RIGHT - _PLOT_LEFT) * percent / 100

    for tick in shown["choice_ticks"]:
        pen.text(at(tick["x"]), top, tick["text"], "SourceSansPro-Regular", 18, INK3, "ms")
    y = top + 34
    for row in shown["choices"]:
        if y > _BOTTOM:
            break
        face = "SourceSansPro-Semibold" if row["is_top"] else "SourceSansPro-Regular"
        for x in shown["choice_lines"]:
            pen.line(at(x), y - 24, at(x), y + 24, GRID, 1)
        if not shown["by_place"]:
            pen.box(_PLOT_LEFT, y - 6, at(row["dot"]), y + 6, STEM)
        pen.line(at(row["left"]), y, at(row["right"]), y, FIRST, 2)
        pen.dot(at(row["dot"]), y)
        pen.text(LEFT, y + 8, shortened(row["label"], face, 22, _PLOT_LEFT - LEFT - 20), face, 22, INK)
        pen.text(RIGHT, y + 8, row["value"], "SourceSansPro-Bold", 26, INK, "rs")
        y += 48
