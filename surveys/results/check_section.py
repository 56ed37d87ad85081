"""Does the counting matter, and did the order on the screen? As the page draws it, in the active language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from surveys.results import words
from surveys.results.charts import from_zero
from surveys.stats.shares import Method
from surveys.stats.titles import Case

Labels = Mapping[str, str]


def sensitivity(figures: Mapping[str, Any], labels: Labels) -> dict[str, Any] | None:
    """Places by every way of counting as lines; positions in percent of the drawing in both directions."""
    columns = figures["sensitivity"]
    if not columns:
        return None
    order = figures["rankings"][Method.MENTIONS]["order"]
    rank = {key: row for row, key in enumerate(order)}
    slots = [_slots(column["places"], rank) for column in columns]
    leaders = figures["rankings"][Method.MENTIONS]["title"]["leaders"]
    xs = [round(100 * (i + 0.5) / len(columns), 3) for i in range(len(columns))]
    lines = []
    for key in order:
        ys = [round(100 * (slot[key] + 0.5) / len(order), 3) for slot in slots]
        points = list(zip(xs, ys, (column["places"][key] for column in columns), strict=True))
        moves = len({slot[key] for slot in slots}) > 1
        kind = "leader" if key in leaders and len(leaders) <= 3 else "mover" if moves else "still"
        steps = [{"x1": a[0], "y1": a[1], "x2": b[0], "y2": b[1]} for a, b in pairwise(points)]
        dots = [{"x": x, "y": y, "place": place} for x, y, place in points]
        lines.append({"label": labels[key], "kind": kind, "steps": steps, "dots": dots, "is_first": key == order[0]})
    return {
        "lines": lines,
        "titles": [_column_title(column["name"]) for column in columns],
        "finding": _sensitivity_finding(figures, columns, labels),
        "has": {column["name"] for column in columns},
        "height": 23 * len(order),
    }


def _slots(places: Mapping[str, int], rank: Mapping[str, int]) -> dict[str, int]:
    """Which row a column gives each option: by place, equal ones in the order of the headline."""
    return {key: slot for slot, key in enumerate(sorted(places, key=lambda key: (places[key], rank[key])))}


def _column_title(name: str) -> str:
    return {
        "mentions": _("Headline: % in top 3"),
        "first": _("First choice"),
        "borda": _("Points 3-2-1"),
        "plackett_luce": _("Plackett–Luce"),
        "flagged_out": _("Flagged answers out"),
        "removed_in": _("Removed answers in"),
        "three_choices": _("Three choices only"),
    }[name]


def _sensitivity_finding(figures: Mapping[str, Any], columns: Sequence[Mapping[str, Any]], labels: Labels) -> str:
    title = figures["rankings"][Method.MENTIONS]["title"]
    tops = [{key for key, place in column["places"].items() if place == 1} for column in columns]
    always, firsts = set.intersection(*tops), set.union(*tops)
    if Case(title["case"]) in (Case.ALL_ALIKE, Case.SIX_PLUS):
        return _("No way of counting makes a clear leader")
    if len(always) == 1:
        return _("%(label)s comes first however it is counted") % {"label": labels[always.pop()]}
    if firsts <= set(title["leaders"]):
        return _("The leaders swap places, nobody joins them")
    return _("Who comes first depends on the counting")


def position(figures: Mapping[str, Any]) -> dict[str, Any] | None:
    """The check of the order on screen; heights in percent of the drawing, from the top."""
    found = figures["position"]
    if not found:
        return None
    places = found["places"]
    axis = from_zero(max([found["expected"], *(each["interval"][1] for each in places)]), 0.1)
    return {
        "expected": words.percent(found["expected"]),
        "line": 100 - axis.at(found["expected"]),
        "pattern": found["pattern"],
        "ticks": [
            {"y": 100 - axis.at(tick), "text": words.percent(tick) if tick == axis.high else words.number(tick * 100)}
            for tick in axis.ticks
        ],
        "places": [
            {
                "place": each["place"],
                "x": round(100 * (each["place"] - 0.5) / len(places), 3),
                "y": 100 - axis.at(each["share"]),
                "low": 100 - axis.at(each["interval"][0]),
                "high": 100 - axis.at(each["interval"][1]),
                "misses": each["misses"],
            }
            for each in places
        ],
        "missed": _missed(found),
    }


def _missed(found: Mapping[str, Any]) -> str:
    k, missed = len(found["places"]), found["missed"]
    chance = max(1, round(found["missed_by_chance"]))
    told = {"missed": words.counted(missed), "k": words.counted(k), "chance": words.counted(chance)}
    text = ngettext(
        "%(missed)s interval of %(k)s misses it (hollow); chance alone gives about %(chance)s.",
        "%(missed)s intervals of %(k)s miss it (hollow); chance alone gives about %(chance)s.",
        missed,
    )
    return words.capital(text % told)
