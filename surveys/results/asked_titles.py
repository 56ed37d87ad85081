"""The finding of a score or a questionnaire in one sentence with its uncertainty, and the standfirst below it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from csplatform.core import formats
from surveys.results import words
from surveys.results.measures import CES, CSAT, NPS, SCALED
from surveys.stats.scores import DETRACTOR, PROMOTER

Labels = Mapping[str, str]


def figure(kind: str, value: float | None) -> str:
    """A score as people write it: NPS as a signed whole number, CSAT in percent, means with one decimal."""
    if value is None:
        return formats.UNKNOWN
    if kind == NPS:
        return formats.signed(round(value), words.language(), digits=0)
    return words.percent(value) if kind == CSAT else words.number(value, 1)


def ends(kind: str, interval: Sequence[float]) -> dict[str, str]:
    """Both ends of an interval as text."""
    return {"low": figure(kind, interval[0]), "high": figure(kind, interval[1])}


def headline(document: Mapping[str, Any], labels: Mapping[str, Labels]) -> str:
    """The finding. ``labels``: measure key → choice key → words, the measure's own words under ""."""
    found = first_shown(document)
    if found is None:
        return _("Fewer than 10 answers: no figure is shown")
    if found["kind"] in SCALED:
        return _scaled(found, labels[found["key"]][""])
    return _chosen(found, labels[found["key"]])


def first_shown(document: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The first measure with figures that are shown: what the title tells of."""
    told = document["figures"]
    shown = [each for each in told.get("measures", ()) if each["is_enough"] and each["kind"] != "text"]
    return shown[0] if told["is_enough"] and shown else None


def _scaled(found: Mapping[str, Any], question: str) -> str:
    told = {"value": figure(found["kind"], found["value"]), **ends(found["kind"], found["interval"])}
    if found["kind"] == NPS:
        return _("NPS %(value)s, somewhere between %(low)s and %(high)s") % told
    if found["kind"] == CSAT:
        return _("%(value)s are satisfied, somewhere between %(low)s and %(high)s") % told
    top = words.number(found["distribution"][-1]["answer"])
    if found["kind"] == CES:
        return _("Ease %(value)s of %(top)s, somewhere between %(low)s and %(high)s") % {**told, "top": top}
    text = _("“%(question)s” %(value)s of %(top)s, somewhere between %(low)s and %(high)s")
    return text % {**told, "top": top, "question": words.short(question)}


def _chosen(found: Mapping[str, Any], labels: Labels) -> str:
    """Which choices lead; what the answers cannot tell apart is said to share the place."""
    leaders, k = found["leaders"], len(found["options"])
    named = [words.short(labels[key]) for key in leaders]
    if len(leaders) == k:
        return _("These answers do not separate the %(k)d choices") % {"k": k}
    if len(leaders) > 3:
        return _("No clear leader: %(t)d of %(k)d choices could be first") % {"t": len(leaders), "k": k}
    if len(leaders) > 1:
        return _("%(all)s share first place") % {"all": words.listed(named)}
    if found["kind"] == "ranking":
        return _("%(label)s is ranked first") % {"label": named[0]}
    option = next(each for each in found["options"] if each["key"] == leaders[0])
    told = {"label": named[0], "value": words.percent(option["share"]), **ends(CSAT, option["interval"])}
    return _("%(label)s leads with %(value)s, somewhere between %(low)s and %(high)s") % told


def standfirst(document: Mapping[str, Any], labels: Mapping[str, Labels]) -> str:
    """What stands behind the headline, and what its interval means."""
    found = first_shown(document)
    if found is None:
        return _(
            "So few answers could give single people away, and would tell little about anybody else. Nothing is shown, "
            "not even how many there are."
        )
    parts = [_behind(found, labels[found["key"]]), interval_meaning(document["survey"])]
    return " ".join(part for part in parts if part)


def _behind(found: Mapping[str, Any], labels: Labels) -> str:
    n = found["n"]
    told = {"n": words.number(n), "question": labels[""]}
    if found["kind"] == NPS:
        shares = {name: words.percent(count / n) for name, count in nps_parts(found).items()}
        return _(
            "Of %(n)s people %(promoters)s are promoters (9 or 10), %(passives)s passive and "
            "%(detractors)s detractors (0 to 6)."
        ) % {**told, **shares}
    if found["kind"] == CSAT:
        return _("The share of %(n)s people who chose 4 or 5 of 5.") % told
    if found["kind"] == CES:
        return _("The mean of %(n)s answers from 1 to 7; higher is easier.") % told
    text = ngettext("%(n)s person answered “%(question)s”", "%(n)s people answered “%(question)s”", n)
    return text % told + "."


def nps_parts(found: Mapping[str, Any]) -> dict[str, int]:
    """How many promoters, passives and detractors there are."""
    counts = {"promoters": 0, "passives": 0, "detractors": 0}
    for step in found["distribution"]:
        counts[part_of(NPS, step["answer"])] += step["count"]
    return counts


def part_of(kind: str, answer: int) -> str:
    """To which part of the score an answer belongs; "" where the scale has no parts."""
    if kind == NPS:
        return "promoters" if answer >= PROMOTER else "detractors" if answer <= DETRACTOR else "passives"
    return ("promoters" if answer >= 4 else "detractors") if kind == CSAT else ""


def interval_name(survey: Mapping[str, Any]) -> str:
    """What the whiskers are. Volunteers are no random sample, so there is no margin of error."""
    if survey.get("audience") == "customers":
        return _("95% interval")
    return _("95% resampling interval among similar volunteers")


def interval_meaning(survey: Mapping[str, Any]) -> str:
    """The same as a sentence."""
    if survey.get("audience") == "customers":
        return _(
            "The range is a 95% interval: as far as chance alone could move the figure if people like these were asked "
            "again."
        )
    return _(
        "The range is a resampling interval among similar volunteers: as far as chance alone could move the figure if "
        "people like these answered again."
    )
