"""The ranked dot plot as the page draws it: one row an option, in the active language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from surveys.results import words
from surveys.results.charts import Axis, from_zero
from surveys.stats.shares import Method

_FIGURES = {
    Method.MENTIONS: ("mention_share", "interval"),
    Method.FIRST: ("first_share", "first_interval"),
    Method.BORDA: ("borda_mean", ""),
    Method.PLACKETT_LUCE: ("plackett_luce", ""),
}


def ranking(figures: Mapping[str, Any], method: Method, labels: Mapping[str, str]) -> dict[str, Any]:
    """Rows in the order of ``method`` with positions on one axis from zero, and where clear gaps lie."""
    found = figures["rankings"][method]
    options = {option["key"]: option for option in figures["options"]}
    axis = _axis(options.values(), method)
    rows = [_row(options[key], method, labels[key], axis, len(options)) for key in found["order"]]
    for row in rows:
        row["is_top"] = row["key"] in found["title"]["leaders"] and len(found["title"]["leaders"]) < len(rows)
    for gap in found["clear_gaps"]:
        rows[gap - 1]["gap_below"] = True
    return {
        "method": str(method),
        "rows": rows,
        "ticks": [{"x": axis.at(tick), "text": _tick(tick, method, axis)} for tick in axis.ticks],
        "lines": [axis.at(tick) for tick in axis.ticks[1:]],
        "has_interval": bool(_FIGURES[method][1]),
        "is_headline": method == Method.MENTIONS,
        "value_title": _value_title(method),
        "beside_title": _("first choice") if method == Method.MENTIONS else _("% in top 3"),
        "last": words.ordinal(len(rows)),
        "range": words.rank(*options[found["order"][0]]["rank_sets"][method]),
        "k": words.counted(len(rows)),
    }


def _axis(options: Any, method: Method) -> Axis:
    figure, found = _FIGURES[method]
    highest = max(option[found][1] if found else option[figure] for option in options)
    return from_zero(highest, 0.5 if method == Method.BORDA else 0.1)


def _tick(tick: float, method: Method, axis: Axis) -> str:
    if method == Method.BORDA:
        return words.number(tick, 1) if tick else "0"
    return words.percent(tick) if tick in (axis.ticks[0], axis.ticks[-1]) else words.number(tick * 100)


def _row(option: Mapping[str, Any], method: Method, label: str, axis: Axis, k: int) -> dict[str, Any]:
    figure, found = _FIGURES[method]
    best, worst = option["rank_sets"][method]
    value = option[figure]
    is_headline = method == Method.MENTIONS
    row: dict[str, Any] = {
        "key": option["key"],
        "label": label,
        "value": words.number(value, 2) if method == Method.BORDA else words.percent(value),
        "dot": axis.at(value),
        "rank": words.rank(best, worst),
        "of": k,
        "best_at": round(100 * (best - 1) / k, 3),
        "worst_at": round(100 * worst / k, 3),
        "span": worst - best + 1,
        "beside": words.percent(option["first_share"] if is_headline else option["mention_share"]),
        "put_first": _("%(share)s put it first") % {"share": words.percent(option["first_share"])},
    }
    if is_headline:
        row["first"] = axis.at(option["first_share"])
    if found:
        low, high = option[found]
        row["low"], row["high"] = axis.at(low), axis.at(high)
        row["interval"] = f"{words.percent(low)}\N{EN DASH}{words.percent(high)}"
    row["spoken"] = _spoken(row, method)
    return row


def _spoken(row: Mapping[str, Any], method: Method) -> str:
    """The drawing of one row in words."""
    if method == Method.MENTIONS:
        return _("%(value)s in top 3, interval %(interval)s, %(beside)s first choice") % row
    if method == Method.FIRST:
        return _("%(value)s first choice, interval %(interval)s") % row
    if method == Method.BORDA:
        return _("%(value)s points per answer") % row
    return _("%(value)s by Plackett–Luce") % row


def _value_title(method: Method) -> str:
    return {
        Method.MENTIONS: _("% in top 3"),
        Method.FIRST: _("first choice"),
        Method.BORDA: _("points per answer"),
        Method.PLACKETT_LUCE: _("strength"),
    }[method]


def table(figures: Mapping[str, Any], labels: Mapping[str, str], method: Method) -> Sequence[Mapping[str, Any]]:
    """All methods beside one another, as figures."""
    options = {option["key"]: option for option in figures["options"]}
    return [
        {
            "label": labels[key],
            "mentions": words.number(options[key]["mentions"]),
            "share": words.percent(options[key]["mention_share"]),
            "interval": "\N{EN DASH}".join(words.percent(each) for each in options[key]["interval"]),
            "first": words.percent(options[key]["first_share"]),
            "borda": words.number(options[key]["borda"]),
            "strength": words.percent(options[key]["plackett_luce"]),
            "rank": words.rank(*options[key]["rank_sets"][method]),
        }
        for key in figures["rankings"][method]["order"]
    ]
