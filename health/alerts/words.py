"""Alerts in words: what happened, with its figures, why, and what is at stake."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.urls import reverse
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from csplatform.core import formats
from health import changes, narrative
from health.models import Alert, AlertKind

_LOOK_BACK = timedelta(days=28)


@dataclass(frozen=True, slots=True)
class Line:
    """An alert as a page, a mail or a message shows it. ``why``: what moved the score, "" where nothing is known."""

    alert: Alert
    name: str
    url: str
    what: str
    why: str
    arr: str


def lines(alerts: Sequence[Alert], *, currency: str, today: date) -> list[Line]:
    """``alerts`` (with their customers) in the active language; three queries, however many."""
    ids = {alert.customer_id for alert in alerts if alert.kind in (AlertKind.BAND_FELL, AlertKind.RISK_ROSE)}
    moved = changes.movements(ids, today - _LOOK_BACK) if ids else {}
    return [
        Line(
            alert=alert,
            name=alert.customer.name,
            url=reverse("customer_detail", args=[alert.customer_id]),
            what=what(alert),
            why=_why(moved.get(alert.customer_id)),
            arr=formats.money(alert.arr_minor, currency, get_language()) if alert.arr_minor else "",
        )
        for alert in alerts
    ]


def what(alert: Alert) -> str:
    """What happened, with its figures, as one sentence."""
    return _SENTENCES[AlertKind(alert.kind)](alert.details)


def _band(told: dict[str, Any]) -> str:
    values = {"before": narrative.band_word(told["from"]).lower(), "band": narrative.band_word(told["to"]).lower()}
    if told.get("points") is None:
        return _("Fell from %(before)s to %(band)s.") % values
    points = formats.number(told["points"] // 100, get_language(), digits=0)
    return _("Fell from %(before)s to %(band)s, with %(points)s points.") % {**values, "points": points}


def _risk(told: dict[str, Any]) -> str:
    risk = formats.percent(told["risk"] / 10_000, get_language())
    days = told.get("horizon_days") or 0
    text = ngettext(
        "Churn risk rose to %(risk)s within %(days)s day: %(level)s, from %(before)s.",
        "Churn risk rose to %(risk)s within %(days)s days: %(level)s, from %(before)s.",
        days,
    )
    return text % {"risk": risk, "days": days, "level": _level(told["to"]), "before": _level(told["from"])}


def _silence(told: dict[str, Any]) -> str:
    usual = told["usual_days"]
    whole = usual % 1 == 0
    text = ngettext(
        "No use for %(n)s day since %(day)s; its own longest usual gap is %(usual)s.",
        "No use for %(n)s days since %(day)s; its own longest usual gap is %(usual)s.",
        told["quiet_days"],
    )
    return text % {
        "n": told["quiet_days"],
        "day": formats.day(datetime.fromisoformat(told["last_event_at"]).date(), get_language()),
        "usual": ngettext("%(n)s day", "%(n)s days", int(usual) if whole else 2)
        % {"n": formats.number(usual, get_language(), digits=0 if whole else 1)},
    }


def _coverage(told: dict[str, Any]) -> str:
    return _("Health is no longer known: data covers %(share)s of what it is made of. It was %(band)s before.") % {
        "share": formats.percent((told.get("coverage") or 0) / 100, get_language()),
        "band": narrative.band_word(told["from"]).lower(),
    }


_SENTENCES = {
    AlertKind.BAND_FELL: _band,
    AlertKind.RISK_ROSE: _risk,
    AlertKind.WENT_SILENT: _silence,
    AlertKind.COVERAGE_LOST: _coverage,
}


def _level(level: str) -> str:
    return {"low": _("low"), "raised": _("raised"), "high": _("high"), "very_high": _("very high")}.get(level, level)


def _why(moved: changes.Movement | None) -> str:
    """The three measures that cost most since four weeks before, with their points."""
    falls = [cause for cause in moved.causes if cause.change < 0] if moved else []
    strongest = sorted(falls, key=lambda cause: (cause.change, cause.label))[:3]
    told = [
        f"{cause.label} {formats.signed(cause.change / 100, get_language(), digits=0)}"
        for cause in strongest
        if abs(cause.change) >= 50  # less than half a point would read as nothing
    ]
    if not told or moved is None:
        return ""
    return _("Since %(day)s, in points: %(causes)s.") % {
        "day": formats.day(moved.since, get_language()),
        "causes": ", ".join(told),
    }
