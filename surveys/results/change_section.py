"""What changed since the last wave, as the page draws it, in the active language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from surveys.results import words
from surveys.results.charts import around_zero
from surveys.results.waves import COMPARED, NEW
from surveys.stats.shares import Method

Labels = Mapping[str, str]


def change(figures: Mapping[str, Any], labels: Labels, wave: str) -> dict[str, Any] | None:
    """Rows in the order of the headline; None without an earlier wave."""
    found = figures["change"]
    if not found:
        return None
    by_key = {option["key"]: option for option in found["options"]}
    rows = [by_key[key] for key in figures["rankings"][Method.MENTIONS]["order"]]
    compared = [row for row in rows if row["status"] == COMPARED]
    ends = [end for row in compared for end in row["interval"]]
    axis = around_zero(min(ends, default=0), max(ends, default=0), 0.1)
    clear = [row for row in compared if row["clear"]]
    told = {"since": found["since"], "wave": wave, "n": words.number(found["n"]), "compared": found["compared"]}
    return {
        **told,
        "slug": found["slug"],
        "finding": _change_finding(clear, labels, told),
        "sentences": _change_sentences(rows, clear, labels),
        "zero": axis.at(0),
        "ticks": [
            {"x": axis.at(tick), "is_zero": tick == 0, "text": words.points(tick) if tick else _("no change")}
            for tick in axis.ticks
        ],
        "lines": [axis.at(tick) for tick in axis.ticks if tick],
        "rows": [_change_row(row, labels, axis.at, wave) for row in rows],
    }


def _change_row(row: Mapping[str, Any], labels: Labels, at: Any, wave: str) -> dict[str, Any]:
    shown: dict[str, Any] = {"label": labels[row["key"]], "now": words.percent(row["share"])}
    if row["status"] != COMPARED:
        why = _("new in %(wave)s") % {"wave": wave} if row["status"] == NEW else _("new wording")
        return {**shown, "then": "\N{EM DASH}", "why": why}
    low, high = row["interval"]
    told = {"points": words.points(row["difference"]), "low": words.points(low), "high": words.points(high)}
    return {
        **shown,
        "then": words.percent(row["then"]),
        "is_clear": row["clear"],
        "is_up": row["difference"] > 0,
        "dot": at(row["difference"]),
        "low": at(low),
        "high": at(high),
        "start": min(at(0), at(row["difference"])),
        "width": round(abs(at(row["difference"]) - at(0)), 3),
        "text": _("%(points)s (%(low)s to %(high)s)") % told,
        "spoken": _("%(points)s points, interval %(low)s to %(high)s") % told,
    }


def _change_finding(clear: Sequence[Mapping[str, Any]], labels: Labels, told: Mapping[str, Any]) -> str:
    more = [words.inside(labels[row["key"]]) for row in clear if row["difference"] > 0]
    less = [words.inside(labels[row["key"]]) for row in clear if row["difference"] < 0]
    if not clear:
        return _("No clear change since %(since)s") % told
    if len(clear) > 3:
        text = ngettext(
            "%(count)s challenge is named clearly more or less often",
            "%(count)s challenges are named clearly more or less often",
            len(clear),
        )
        return words.capital(text % {"count": words.counted(len(clear))})
    if more and less:
        told = {"more": words.listed(more), "less": words.listed(less)}
        return words.capital(_("%(more)s named clearly more often, %(less)s clearly less often") % told)
    if more:
        return words.capital(_("%(more)s: named clearly more often") % {"more": words.listed(more)})
    return words.capital(_("%(less)s: named clearly less often") % {"less": words.listed(less)})


def _change_sentences(
    rows: Sequence[Mapping[str, Any]], clear: Sequence[Mapping[str, Any]], labels: Labels
) -> list[str]:
    sentences = []
    if clear:
        first, *rest = [
            {
                "label": words.inside(labels[row["key"]]),
                "then": words.percent(row["then"]),
                "now": words.percent(row["share"]),
            }
            for row in clear[:3]
        ]
        parts = [_("The share naming %(label)s went from %(then)s to %(now)s") % first]
        parts += [_("%(label)s from %(then)s to %(now)s") % each for each in rest]
        sentences.append(", ".join(parts) + ".")
    quiet = sum(row["status"] == COMPARED for row in rows) - len(clear)
    if quiet and clear:
        told = {"count": words.counted(quiet)}
        text = ngettext("%(count)s other shows no clear change.", "%(count)s others show no clear change.", quiet)
        sentences.append(words.capital(text % told))
    other = len(rows) - sum(row["status"] == COMPARED for row in rows)
    if other:
        told = {"count": words.counted(other)}
        text = ngettext(
            "%(count)s had new wording or is new and cannot be compared.",
            "%(count)s had new wording or are new and cannot be compared.",
            other,
        )
        sentences.append(words.capital(text % told))
    return sentences
