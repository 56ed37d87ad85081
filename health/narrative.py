"""One sentence on a customer, built from facts: what changed, why, the money, the deadline.

Pure: everything comes in as values, the language from the active translation. Each piece of the sentence knows
what it is, so that a page can set it off, and the facts it was written from can be listed beside it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from django.utils.translation import get_language, ngettext, pgettext
from django.utils.translation import gettext as _

from csplatform.core import formats

BAND, FACT, PLAIN = "band", "fact", ""
# Smaller movements (hundredths of points) are the ordinary noise of rolling windows.
NOTABLE = 300
_PLACE = re.compile(r"%\((\w+)\)s")


@dataclass(frozen=True, slots=True)
class Cause:
    """A driver that moved. ``change`` in hundredths of points; ``lost``: it has no value any more."""

    label: str
    change: int
    lost: bool = False


@dataclass(frozen=True, slots=True)
class Situation:
    """What is known about a customer on ``today``.

    ``points`` and ``points_before`` in hundredths (None: unknown), ``band_before`` as of ``since``. Money in minor
    units of ``currency``; before the contract ``arr_minor`` is the expected one. ``coverage`` in percent.
    """

    today: date
    contract_state: str
    band: str
    currency: str
    arr_minor: int | None
    points: int | None = None
    points_before: int | None = None
    band_before: str | None = None
    since: date | None = None
    coverage: int | None = None
    causes: Sequence[Cause] = field(default_factory=tuple)
    notice_deadline: date | None = None
    renewal_on: date | None = None
    auto_renews: bool = False
    churned_on: date | None = None
    stage_name: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of the sentence. ``mark``: ``BAND`` (a band), ``FACT`` (a figure or a date) or nothing."""

    text: str
    mark: str = PLAIN


def sentence(situation: Situation) -> list[Part]:
    """What changed and why, then the money and the deadline."""
    first, second = _health(situation), _money(situation)
    return [*first, Part(" "), *second] if first and second else first + second


def plain(parts: Sequence[Part]) -> str:
    """The sentence as text."""
    return "".join(part.text for part in parts)


def facts(situation: Situation) -> list[tuple[str, str]]:
    """What the sentence was written from: label and value, unknown ones left out."""
    said = situation
    found: list[tuple[str, str | None]] = [
        (
            _("Health"),
            f"{_reached(said.points)} · {band_word(said.band)}" if said.points is not None else band_word(said.band),
        ),
        (
            _("Health on %(day)s") % {"day": _day(said.since)},
            _reached(said.points_before) if said.points_before is not None else None,
        ),
        *((cause.label, _("%(n)s points") % {"n": _signed(cause.change)}) for cause in said.causes),
        (_("Expected ARR") if said.contract_state == "none" else _("ARR"), _sum(said)),
        (_("Notice deadline"), _day(said.notice_deadline) if said.notice_deadline else None),
        (_("Renewal"), _day(said.renewal_on) if said.renewal_on else None),
        (_("Churned"), _day(said.churned_on) if said.churned_on else None),
    ]
    return [(label, value) for label, value in found if value]


def headline(situation: Situation) -> str:
    """The one thing to know, for lists: that the customer is leaving, else what changed and why."""
    leaving = situation.contract_state in ("notice_given", "in_grace")
    return plain(_money(situation) if leaving else _health(situation))


def _health(said: Situation) -> list[Part]:
    if said.contract_state == "churned" and said.churned_on:
        return _written(_("%(what)s on %(day)s."), what=(_("Churned"), BAND), day=(_day(said.churned_on), FACT))
    if said.band == "not_applicable":
        if said.stage_name:
            return _written(_("Before the contract, at %(stage)s."), stage=(said.stage_name, FACT))
        return _written(_("Before the contract."))
    if said.points is None:
        return _written(
            _("Health is %(band)s: data covers %(share)s of what it is made of."),
            band=(band_word("unknown").lower(), BAND),
            share=(formats.percent((said.coverage or 0) / 100, get_language()), FACT),
        )
    return _moved(said)


def _moved(said: Situation) -> list[Part]:
    assert said.points is not None
    moved = 0 if said.points_before is None else said.points - said.points_before
    values = {
        "band": (_in_sentence(said.band), BAND),
        "before": (_in_sentence(said.band_before or ""), PLAIN),
        "points": (_reached(said.points), FACT),
        "by": (_points(abs(moved)), FACT),
        "why": (_why(said, moved), PLAIN),
    }
    reasoned = bool(values["why"][0])
    crossed = said.band_before not in (None, said.band, "unknown", "not_applicable") and moved
    if crossed and moved < 0:
        text = (
            _("Fell from %(before)s to %(band)s because %(why)s.")
            if reasoned
            else _("Fell from %(before)s to %(band)s.")
        )
    elif crossed:
        text = (
            _("Rose from %(before)s to %(band)s because %(why)s.")
            if reasoned
            else _("Rose from %(before)s to %(band)s.")
        )
    elif moved <= -NOTABLE:
        text = (
            _("%(band)s, down %(by)s to %(points)s because %(why)s.")
            if reasoned
            else _("%(band)s, down %(by)s to %(points)s.")
        )
    elif moved >= NOTABLE:
        text = (
            _("%(band)s, up %(by)s to %(points)s because %(why)s.")
            if reasoned
            else _("%(band)s, up %(by)s to %(points)s.")
        )
    else:
        text = _("%(band)s and steady at %(points)s.")
    if not crossed:
        values["band"] = (band_word(said.band), BAND)
    return _written(text, **values)


def _why(said: Situation, moved: int) -> str:
    """The two strongest causes in the direction of the movement."""
    same = sorted((c for c in said.causes if c.change * moved > 0), key=lambda c: -abs(c.change))[:2]
    if len(same) == 2 and all(cause.lost for cause in same):
        names = {"one": _inline(same[0].label), "other": _inline(same[1].label)}
        return _("%(one)s and %(other)s are no longer known") % names
    told = [_moved_by(cause) for cause in same]
    if len(told) == 2:
        return _("%(one)s and %(other)s") % {"one": told[0], "other": told[1]}
    return "".join(told)


def _moved_by(cause: Cause) -> str:
    values = {"what": _inline(cause.label), "n": _points(abs(cause.change))}
    if cause.lost:
        return _("%(what)s is no longer known") % values
    return (_("%(what)s lost %(n)s") if cause.change < 0 else _("%(what)s gained %(n)s")) % values


def _inline(label: str) -> str:
    """A measure's label inside a sentence; German keeps its capitals, and so do abbreviations."""
    keeps = (get_language() or "en").startswith("de") or label[1:2].isupper()
    return label if keeps else label[:1].lower() + label[1:]


def _money(said: Situation) -> list[Part]:
    ends = (_day(said.renewal_on), FACT)
    if said.contract_state == "in_grace":
        if not said.renewal_on:
            return _written(_("The contract ended without a successor yet."))
        return _written(_("The contract ended on %(day)s without a successor yet."), day=ends)
    amount = _sum(said)
    if amount is None or said.contract_state == "churned":
        return []
    values = {"sum": (amount, FACT)}
    if said.contract_state == "none":
        return _written(_("%(sum)s a year is expected."), **values)
    if said.contract_state == "notice_given":
        if not said.renewal_on:
            return _written(_("Notice was given for %(sum)s."), **values)
        return _written(_("Notice was given: %(sum)s ends on %(day)s."), day=ends, **values)
    if said.notice_deadline and said.auto_renews:
        days = (said.notice_deadline - said.today).days
        left = ngettext("%(n)s day from now", "%(n)s days from now", days) % {"n": days}
        text = _("%(sum)s renews by itself unless notice comes by %(day)s, %(left)s.")
        return _written(text, day=(_day(said.notice_deadline), FACT), left=(left, PLAIN), **values)
    if said.renewal_on:
        return _written(_("%(sum)s is up for renewal on %(day)s."), day=ends, **values)
    return _written(_("%(sum)s a year is under contract."), **values)


def _written(template: str, **values: tuple[str, str]) -> list[Part]:
    """The translated template with its places filled, in pieces that keep their marks."""
    parts, at = [], 0
    for place in _PLACE.finditer(template):
        if place.start() > at:
            parts.append(Part(template[at : place.start()]))
        parts.append(Part(*values[place[1]]))
        at = place.end()
    if at < len(template):
        parts.append(Part(template[at:]))
    return parts


def band_word(band: str) -> str:
    """The band's word as it begins a sentence."""
    return {
        "healthy": pgettext("health band", "Healthy"),
        "watch": pgettext("health band", "Watch"),
        "at_risk": pgettext("health band", "At risk"),
        "unknown": pgettext("health band", "Unknown"),
        "not_applicable": _("Not applicable"),
    }.get(band, band)


def risk_word(level: str) -> str:
    """The word for a level of churn risk (see ``health.risk.LEVELS``)."""
    return {
        "low": pgettext("churn risk", "Low"),
        "raised": pgettext("churn risk", "Raised"),
        "high": pgettext("churn risk", "High"),
        "very_high": pgettext("churn risk", "Very high"),
    }[level]


def _in_sentence(band: str) -> str:
    return band_word(band).lower()


def _reached(hundredths: int) -> str:
    """A score in whole points, rounded down: 74.60 is not yet the 75 of the next band."""
    return formats.number(hundredths // 100, get_language(), digits=0)


def _points(hundredths: int) -> str:
    return formats.number(round(hundredths / 100), get_language(), digits=0)


def _signed(hundredths: int) -> str:
    return formats.signed(hundredths / 100, get_language(), digits=2)


def _sum(said: Situation) -> str | None:
    return formats.money(said.arr_minor, said.currency, get_language()) if said.arr_minor else None


def _day(value: date | None) -> str:
    return formats.day(value, get_language()) if value else ""
