"""Scores and further questions as the results page draws them: distributions, choices, groups; active language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from surveys.results import asked_titles, group_section, words
from surveys.results.asked_titles import Labels, ends, figure, nps_parts, part_of
from surveys.results.charts import Axis, from_zero
from surveys.results.measures import CHOSEN, CSAT, NPS, SCALED

Questions = Mapping[str, Mapping[str, Any]]
_MOST_CHOICES = 12
_AXES = {
    NPS: Axis(-100, 100, (-100, -50, 0, 50, 100)),
    CSAT: Axis(0, 1, (0, 0.25, 0.5, 0.75, 1)),
}


def parts(document: Mapping[str, Any], questions: Questions) -> dict[str, Any]:
    """What the page of a score or a questionnaire shows besides what all results pages share."""
    survey, figures, labels = document["survey"], document["figures"], labels_of(document)
    shown: dict[str, Any] = {
        "headline": asked_titles.headline(document, labels),
        "standfirst": asked_titles.standfirst(document, labels),
        "interval_name": asked_titles.interval_name(survey),
        "is_asked": True,
    }
    if figures["is_enough"]:
        shown["measures"] = sections(document, questions)
        shown["who"] = group_section.who(figures, questions)
    return shown


def labels_of(document: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Measure key → choice key → words in the active language; under "" the measure's own."""
    languages = document["survey"]["languages"]
    found = {}
    for asked in document["asked"]:
        choices = {
            str(choice["key"]): words.picked(choice.get("label", {}), languages) or str(choice["key"])
            for choice in asked["choices"]
        }
        found[asked["key"]] = {**choices, "": words.picked(asked["label"], languages)}
    return found


def sections(document: Mapping[str, Any], questions: Questions) -> list[dict[str, Any]]:
    """One section a measure, in the order they were asked."""
    labels = labels_of(document)
    scales = {asked["key"]: asked["scale"] for asked in document["asked"]}
    return [
        section(found, labels[found["key"]], questions, scales[found["key"]], document["survey"]["languages"])
        for found in document["figures"]["measures"]
        if found["key"] in labels
    ]


def section(
    found: Mapping[str, Any], labels: Labels, questions: Questions, scale: Mapping[str, Any], languages: Sequence[str]
) -> dict[str, Any]:
    """A measure: what was asked, its chart, its table, and its groups."""
    told: dict[str, Any] = {
        "key": found["key"],
        "kind": found["kind"],
        "title": labels[""],
        "is_enough": found.get("is_enough", True),
        "counted_version": found.get("counted_version"),
    }
    if not told["is_enough"]:
        return told
    n = found["n"]
    text = (
        ngettext("%(n)s answer", "%(n)s answers", n)
        if found["kind"] != "text"
        else ngettext("%(n)s person wrote something.", "%(n)s people wrote something.", n)
    )
    told["n"] = text % {"n": words.number(n)}
    if found["kind"] in SCALED:
        shown = [words.picked(scale.get(end) or {}, languages) for end in ("min_label", "max_label")]
        return {**told, **_scaled(found, shown), "score_groups": _score_groups(found, questions)}
    if found["kind"] in CHOSEN:
        return {**told, **_chosen(found, labels), "groups": _choice_groups(found, labels, questions)}
    return told


def drawing(found: Mapping[str, Any], labels: Labels) -> dict[str, Any]:
    """What the chart of one measure shows, without its groups."""
    return _scaled(found, []) if found["kind"] in SCALED else _chosen(found, labels)


# -- scales ------------------------------------------------------------------------------------------
def axis_of(found: Mapping[str, Any]) -> Axis:
    """The whole scale of a figure."""
    if found["kind"] in _AXES:
        return _AXES[found["kind"]]
    steps = [each["answer"] for each in found["distribution"]]
    return Axis(steps[0], steps[-1], tuple(float(each) for each in steps))


def _scaled(found: Mapping[str, Any], shown_ends: Sequence[str]) -> dict[str, Any]:
    axis, kind, n = axis_of(found), found["kind"], found["n"]
    most = max(each["share"] for each in found["distribution"])
    return {
        "score": {
            "value": figure(kind, found["value"]),
            **ends(kind, found["interval"]),
            "interval": _range(kind, found["interval"]),
            **_marks(found, axis),
        },
        "ticks": _ticks(kind, axis),
        "lines": [axis.at(tick) for tick in axis.ticks],
        "parts": [
            {"part": name, "name": _part_name(name), "share": words.percent(count / n), "n": words.number(count)}
            for name, count in nps_parts(found).items()
        ]
        if kind == NPS
        else [],
        "steps": [_step(kind, each, most) for each in reversed(found["distribution"])],
        "ends": [
            {"answer": words.number(step["answer"]), "text": text}
            for step, text in zip(
                (found["distribution"][-1], found["distribution"][0]), reversed(shown_ends), strict=False
            )
            if text
        ],
    }


def _step(kind: str, step: Mapping[str, Any], most: float) -> dict[str, Any]:
    told = {"answer": step["answer"], "share": words.percent(step["share"]), "n": words.number(step["count"])}
    return {
        **told,
        "width": round(100 * step["share"] / most, 2) if most else 0,
        "part": part_of(kind, step["answer"]),
        "spoken": _("%(answer)s: %(share)s, %(n)s people") % told,
    }


def _part_name(part: str) -> str:
    return {
        "promoters": _("Promoters, 9 and 10"),
        "passives": _("Passives, 7 and 8"),
        "detractors": _("Detractors, 0 to 6"),
    }[part]


def _range(kind: str, interval: Sequence[float]) -> str:
    return _("%(low)s to %(high)s") % ends(kind, interval)


def _marks(row: Mapping[str, Any], axis: Axis) -> dict[str, float]:
    low, high = row["interval"]
    return {"dot": axis.at(row["value"]), "left": axis.at(low), "right": axis.at(high)}


def _ticks(kind: str, axis: Axis) -> list[dict[str, Any]]:
    whole = kind not in (NPS, CSAT)
    return [{"x": axis.at(tick), "text": words.number(tick) if whole else figure(kind, tick)} for tick in axis.ticks]


def _score_groups(found: Mapping[str, Any], questions: Questions) -> dict[str, Any] | None:
    """A panel a segment question with one line a group, all on the scale of the figure; None where none is shown."""
    axis, kind = axis_of(found), found["kind"]
    panels = []
    for table in found["groups"]:
        rows = [row for row in table["groups"] if row.get("value") is not None]
        if table["is_whole"] or not rows:
            continue
        question = questions[table["question"]]
        panels.append(
            {
                "title": question["label"],
                "rows": [_group_row(kind, row, question, axis) for row in rows],
                "hidden": group_section.hidden_groups(table, question),
                "counted_version": table.get("counted_version"),
            }
        )
    if not panels:
        return None
    return {
        "panels": panels,
        "finding": _score_finding(panels, kind),
        "everyone": axis.at(found["value"]),
        "ticks": [_ticks(kind, axis)[0], _ticks(kind, axis)[-1]],
    }


def _group_row(kind: str, row: Mapping[str, Any], question: Mapping[str, Any], axis: Axis) -> dict[str, Any]:
    told = {
        "name": question["choices"].get(row["group"], row["group"]),
        "value": figure(kind, row["value"]),
        "interval": _range(kind, row["interval"]),
        "n": words.number(row["n"]),
        "is_clear": row.get("clear", False),
        **_marks(row, axis),
    }
    text = (
        _("%(value)s, interval %(interval)s, %(n)s answers, clearly different")
        if told["is_clear"]
        else _("%(value)s, interval %(interval)s, %(n)s answers")
    )
    return {**told, "spoken": text % told}


def _score_finding(panels: Sequence[Mapping[str, Any]], kind: str) -> str:
    clear = [row for panel in panels for row in panel["rows"] if row["is_clear"]]
    if not clear:
        return _("No group differs clearly from the others")
    told = [_("“%(name)s” with %(value)s") % row for row in clear[:3]]
    return _("Clearly different: %(groups)s") % {"groups": words.listed(told)}


# -- choices -----------------------------------------------------------------------------------------
def _chosen(found: Mapping[str, Any], labels: Labels) -> dict[str, Any]:
    options = {option["key"]: option for option in found["options"]}
    by_place = found["kind"] == "ranking"
    k = len(options)
    axis = (
        Axis(1, k, tuple(float(place) for place in range(1, k + 1)))
        if by_place
        else from_zero(max(option["interval"][1] for option in options.values()), 0.1)
    )
    rows = [_choice(options[key], labels[key], axis, by_place=by_place) for key in found["order"]]
    for row in rows:
        row["is_top"] = row["key"] in found["leaders"] and len(found["leaders"]) < k
    return {
        "choices": rows,
        "by_place": by_place,
        "leading": _leading(found, labels),
        "choice_ticks": [
            {"x": axis.at(tick), "text": words.ordinal(int(tick)) if by_place else words.percent(tick)}
            for tick in axis.ticks
        ],
        "choice_lines": [axis.at(tick) for tick in axis.ticks],
    }


def _choice(option: Mapping[str, Any], label: str, axis: Axis, *, by_place: bool) -> dict[str, Any]:
    value = option["mean_place"] if by_place else option["share"]
    low, high = option["place_interval"] if by_place else option["interval"]
    told = {
        "value": words.number(value, 1) if by_place else words.percent(value),
        "low": words.number(low, 1) if by_place else words.percent(low),
        "high": words.number(high, 1) if by_place else words.percent(high),
        "share": words.percent(option["share"]),
    }
    text = (
        _("mean place %(value)s, interval %(low)s to %(high)s, %(share)s put it first")
        if by_place
        else _("%(value)s, interval %(low)s to %(high)s")
    )
    return {
        "key": option["key"],
        "label": label,
        "n": words.number(option["count"]),
        "spoken": text % told,
        "range": _("%(low)s to %(high)s") % told,
        "dot": axis.at(value),
        "left": axis.at(low),
        "right": axis.at(high),
        **told,
    }


def _leading(found: Mapping[str, Any], labels: Labels) -> str:
    leaders, k = found["leaders"], len(found["options"])
    if len(leaders) == k or len(leaders) > 3:
        return _("No clear leader")
    named = words.listed([words.short(labels[key]) for key in leaders])
    if len(leaders) > 1:
        return _("%(all)s cannot be told apart") % {"all": named}
    return _("%(label)s is clearly ahead") % {"label": named}


def _choice_groups(found: Mapping[str, Any], labels: Labels, questions: Questions) -> dict[str, Any] | None:
    everyone = {option["key"]: option["share"] for option in found["options"]}
    return group_section.multiples(found["groups"], found["order"][:_MOST_CHOICES], everyone, labels, questions)
