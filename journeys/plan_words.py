"""How the plan stands in words: each status with the figures and dates it rests on, in the reader's language."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from django.utils.translation import get_language, gettext_lazy, ngettext, pgettext_lazy
from django.utils.translation import gettext as _

from csplatform.core import formats
from journeys.plan.rules import Status, Why
from journeys.selectors.plan import KpiRead, OutcomeRead

LABELS = {
    Status.NOT_STARTED: gettext_lazy("Not measured yet"),
    Status.UNDATED: gettext_lazy("No due date"),
    Status.ON_TRACK: pgettext_lazy("status of a KPI", "On track"),
    Status.AT_RISK: pgettext_lazy("status of a KPI", "At risk"),
    Status.OFF_TRACK: pgettext_lazy("status of a KPI", "Off track"),
    Status.MET: pgettext_lazy("status of a KPI", "Met"),
    Status.MISSED: pgettext_lazy("status of a KPI", "Missed"),
    Status.WAIVED: pgettext_lazy("status of a KPI", "Waived"),
    Status.DROPPED: gettext_lazy("No longer wanted"),
}
BANDS = {Status.ON_TRACK: "healthy", Status.AT_RISK: "watch", Status.OFF_TRACK: "at_risk"}
"""Statuses that look like a band: the same shapes and colours."""
TONES = {
    Status.ON_TRACK: "ok",
    Status.AT_RISK: "watch",
    Status.OFF_TRACK: "risk",
    Status.MET: "ok",
    Status.MISSED: "risk",
}
ICONS = {
    Status.MET: "success",
    Status.MISSED: "error",
    Status.WAIVED: "check",
    Status.DROPPED: "close",
    Status.NOT_STARTED: "clock",
    Status.UNDATED: "clock",
}

_WORST_FIRST = [
    Status.MISSED,
    Status.OFF_TRACK,
    Status.AT_RISK,
    Status.ON_TRACK,
    Status.UNDATED,
    Status.NOT_STARTED,
    Status.MET,
]


def figure(value: Decimal | None, unit: str, *, digits: int | None = None) -> str:
    """A value with its unit: 42 minutes, 12.5 %."""
    shown = formats.number(value, get_language(), digits=digits)
    return f"{shown}\N{NO-BREAK SPACE}{unit}".strip() if unit else shown


def kpi_figures(read: KpiRead) -> dict[str, str]:
    """The figures of a KPI as they are written: value, baseline, target and where the line is."""
    unit, standing = read.version.unit, read.standing
    digits = _digits(read)
    return {
        "value": figure(standing.value, unit),
        "bare_value": formats.number(standing.value, get_language()),
        "baseline": figure(standing.aim.baseline, unit),
        "target": figure(standing.aim.target, unit),
        "expected": figure(standing.expected, unit, digits=digits),
        "bare_expected": formats.number(standing.expected, get_language(), digits=digits),
    }


def kpi_why(read: KpiRead) -> str:
    """Why the KPI stands as it does, in one sentence with its figures and dates."""
    standing = read.standing
    told = {
        **kpi_figures(read),
        "day": _day(standing.measured_on),
        "due": _day(standing.due_on),
    }
    rises = standing.aim.target > standing.aim.baseline
    if standing.why is Why.NOT_MEASURED:
        if standing.due_on is None:
            return _("Not measured yet; it is to go from %(baseline)s to %(target)s.") % told
        return _("Not measured yet; it is to go from %(baseline)s to %(target)s by %(due)s.") % told
    if standing.why is Why.NEVER_MEASURED:
        return _("Due on %(due)s, and never measured.") % told
    if standing.why is Why.NO_DATE:
        if rises:
            return (
                _("%(bare_value)s of %(target)s on %(day)s; without a due date nothing says how fast it should go.")
                % told
            )
        return _("%(value)s on %(day)s, to come down to %(target)s; no due date says how fast.") % told
    if standing.why is Why.PAST_DUE:
        return _("%(value)s on %(day)s; the target of %(target)s was due on %(due)s.") % told
    if standing.why is Why.REACHED:
        return _reached(read, told)
    if rises:
        return (
            _("%(bare_value)s of %(target)s on %(day)s; on the straight line it should be at %(bare_expected)s by now.")
            % told
        )
    return (
        _(
            "%(value)s on %(day)s, to come down to %(target)s; on the straight line it should be at "
            "%(bare_expected)s by now."
        )
        % told
    )


def outcome_why(read: OutcomeRead, *, to_customer: bool = False) -> str:
    """Why the outcome stands as it does. ``to_customer``: without our people's names and reasons."""
    standing = read.standing
    if standing.why is Why.BY_NAME:
        if to_customer:
            return _("Settled on %(day)s.") % {"day": _day(read.version.effective_on)}
        return _("Settled by %(name)s on %(day)s: %(reason)s") % {
            "name": read.version.actor_label,
            "day": _day(read.version.effective_on),
            "reason": read.version.reason,
        }
    if standing.why is Why.NO_KPI:
        return _("No KPI says yet how it will be told.")
    telling = telling_kpi(read)
    if len(read.kpis) == 1:
        return kpi_why(telling)
    met = ngettext(
        "%(met)s of %(of)s KPIs is met.", "%(met)s of %(of)s KPIs are met.", standing.met
    ) % {"met": standing.met, "of": standing.of}  # fmt: skip
    if standing.status is Status.MET:
        return met
    return _("%(met)s %(name)s: %(why)s") % {"met": met, "name": telling.version.name, "why": kpi_why(telling)}


def telling_kpi(read: OutcomeRead) -> KpiRead:
    """The KPI an outcome's status rests on: the worst one; of equals the one due first."""
    return min(read.kpis, key=lambda kpi: (_WORST_FIRST.index(kpi.standing.status), kpi.standing.due_on or date.max))


def _reached(read: KpiRead, told: dict[str, str]) -> str:
    due_on, measured_on = read.standing.due_on, read.standing.measured_on
    if due_on is None or measured_on is None:
        return _("%(value)s on %(day)s reached the target of %(target)s.") % told
    days = (due_on - measured_on).days
    if days >= 0:
        return (
            ngettext(
                "%(value)s on %(day)s reached the target of %(target)s, %(n)d day before it was due.",
                "%(value)s on %(day)s reached the target of %(target)s, %(n)d days before it was due.",
                days,
            )
            % {**told, "n": days}
            if days
            else _("%(value)s on %(day)s reached the target of %(target)s, on the day it was due.") % told
        )
    return ngettext(
        "%(value)s on %(day)s reached the target of %(target)s, %(n)d day after it was due.",
        "%(value)s on %(day)s reached the target of %(target)s, %(n)d days after it was due.",
        -days,
    ) % {**told, "n": -days}


def _digits(read: KpiRead) -> int:
    """As many decimals as the KPI is told in, and one where whole numbers would hide the way."""
    aim = read.standing.aim
    given = [value for value in (aim.baseline, aim.target, read.standing.value) if value is not None]
    told = max(max(0, -int(value.normalize().as_tuple().exponent)) for value in given)
    return min(4, max(told, 1 if abs(aim.target - aim.baseline) < 10 else 0))


def _day(day: date | None) -> str:
    return formats.day(day, get_language())
