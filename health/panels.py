"""What pages show of a customer's health: the contract's reading, in the hundredths and halves templates draw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from accounts.models import Customer
from csplatform.core import formats
from health import explaining, narrative, notes, selectors
from health.models import HealthScore, HealthSnapshot, ScorecardVersion
from health.scoring import Card
from health.services.cards import version_on
from health.services.compute import card_of

LOOK_BACK = timedelta(days=28)
HISTORY = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Point:
    """A snapshot as the history chart draws it. ``points`` in hundredths, ``coverage`` from 0 to 1."""

    as_of: date
    points: int | None
    band: str
    coverage: float


def stamp_of(customer_id: UUID) -> str:
    """Changes whenever the stored score does: one row by its key, nothing computed."""
    row = HealthScore.objects.filter(pk=customer_id).values_list("computed_at", "points", "as_of").first()
    return "" if row is None else f"{row[0].timestamp():.6f}-{row[1]}-{row[2]:%j}"


def panel(customer: Customer, now: datetime) -> dict[str, Any]:
    """What ``health/_panel.html`` and ``health/_header.html`` show; points in hundredths, risks in basis points."""
    stamp = stamp_of(customer.pk)
    said = selectors.health_of(customer, now=now)
    version = _version(said, now)
    card = card_of(version)
    halves = _halves(card, said["drivers"])
    points = _hundredths(said["score"])
    change = customer.health.change
    before = None if points is None or change is None else points - change
    churn = said["churn"]
    low, high = churn["interval"] or (None, None)
    return {
        "stamp": stamp,
        "points": points,
        "band": said["band"],
        "points_before": before,
        "since": date.fromisoformat(said["as_of"]) - LOOK_BACK if before is not None else None,
        "as_of": date.fromisoformat(said["as_of"]),
        "computed_at": datetime.fromisoformat(said["computed_at"]),
        "coverage": said["coverage"],
        "scorecard_version": said["scorecard"]["version"],
        "halves": halves,
        "adjustments": _adjustments(said["drivers"]),
        "missing": [driver for half in halves for driver in half["drivers"] if driver["points"] is None],
        "scale": max((driver["max_points"] for half in halves for driver in half["drivers"]), default=0),
        "churn": {
            "risk": _basis_points(churn["probability"]),
            "low": _basis_points(low),
            "high": _basis_points(high),
            "horizon_days": churn["horizon_days"],
            "method": churn["method"],
            "drivers": churn["drivers"],
        },
        "thresholds": thresholds(card),
    }


def history(customer_id: UUID, today: date) -> list[Point]:
    """A year of closed days, oldest first, each as it was known first."""
    rows = HealthSnapshot.objects.filter(customer_id=customer_id, as_of__gte=today - HISTORY)
    first = rows.order_by("as_of", "revision").distinct("as_of")
    return [Point(row.as_of, row.points, row.band, row.coverage / 100) for row in first]


def thresholds(card: Card) -> list[tuple[str, int]]:
    """Bands with the hundredths from which each applies, rising."""
    return [("at_risk", 0), ("watch", round(card.watch_from * 100)), ("healthy", round(card.healthy_from * 100))]


def situation(
    customer: Customer, health: Mapping[str, Any], *, currency: str, today: date, stage_name: str
) -> narrative.Situation:
    """The facts the customer's sentence is written from."""
    drivers = [driver for half in health["halves"] for driver in half["drivers"]] + health["adjustments"]
    before = health["points_before"]
    renewing = customer.subscriptions.filter(auto_renews=True, cancelled_on__isnull=True)
    return narrative.Situation(
        today=today,
        contract_state=customer.contract_state,
        band=health["band"],
        currency=currency,
        arr_minor=customer.expected_arr_minor if customer.is_before_contract else customer.arr_minor,
        points=health["points"],
        points_before=before,
        band_before=band_at(before, health["thresholds"]),
        since=health["since"],
        coverage=round(health["coverage"] * 100),
        causes=[narrative.Cause(d["label"], d["change"], d["points"] is None) for d in drivers if d["change"]],
        notice_deadline=customer.notice_deadline,
        renewal_on=customer.renewal_on,
        auto_renews=customer.notice_deadline is not None and renewing.exists(),
        churned_on=customer.churned_on,
        stage_name=stage_name,
    )


def band_at(points: int | None, edges: Sequence[tuple[str, int]]) -> str | None:
    """The band of a score under the present thresholds; None without a score."""
    if points is None:
        return None
    return [name for name, start in edges if points >= start][-1]


def _version(said: Mapping[str, Any], now: datetime) -> ScorecardVersion:
    scorecard = said["scorecard"]
    found = ScorecardVersion.objects.filter(scorecard_id=scorecard["id"], version=scorecard["version"]).first()
    return found or version_on(now.astimezone(UTC).date())


def _halves(card: Card, drivers: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    language = get_language() or "en"
    halves = []
    for key, label in card.groups:
        rows = [_driver(driver) for driver in drivers if driver["group"] == key]
        if rows:
            changes = [row["change"] for row in rows if row["change"] is not None]
            halves.append(
                {
                    "label": label.get(language, label["en"]),
                    "points": sum(row["points"] or 0 for row in rows),
                    "max_points": sum(row["max_points"] for row in rows),
                    "change": sum(changes) if changes else None,
                    "drivers": rows,
                }
            )
    return halves


def _adjustments(drivers: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What exceptions and an override did to what the measures gave."""
    return [_driver(driver) for driver in drivers if driver["group"] == explaining.ADJUSTMENTS]


def _driver(driver: Mapping[str, Any]) -> dict[str, Any]:
    missing = bool(driver["reason"])
    return {
        "key": driver["measure"],
        "label": driver["label"],
        "detail": "" if missing else value_text(driver["value"], driver["unit"]),
        "points": None if missing else _hundredths(driver["points"]),
        "max_points": _hundredths(driver["max_points"]) or 0,
        # A measure that lost its value lost its points as well: only so do the changes add up.
        "change": _hundredths(driver["change_28d"]),
        "stale": driver["stale"],
        "note": driver["note"],
        "fix_url": reverse(_FIXED_AT[driver["reason"]]) if driver["reason"] in _FIXED_AT else "",
    }


_FIXED_AT = {
    notes.NO_EVENTS: "import_list",
    notes.NO_PEOPLE: "import_list",
    notes.NO_SEATS: "import_list",
    notes.NO_CONTACTS: "import_list",
    notes.NO_ANSWER: "survey_list",
    notes.OLD_ANSWERS: "survey_list",
}
"""The page that brings what is missing, by the reason why it is."""


_UNITS = {
    "events a week per seat": _lazy("events a week per seat"),
    "times the 28 days before": _lazy("times the 28 days before"),
    "people in 28 days": _lazy("people in 28 days"),
    "features in 28 days": _lazy("features in 28 days"),
    "days a week": _lazy("days a week"),
    "days ago": _lazy("days ago"),
}
"""Units of the default measures in the reader's language; a workspace's own are shown as written."""


def value_text(value: float | None, unit: str) -> str:
    """A measured value with its unit, as people write it."""
    if value is None:
        return ""
    language = get_language()
    if unit == "share of seats":
        return _("%(share)s of seats") % {"share": formats.percent(value, language)}
    if unit == "yes or no":
        return _("yes") if value else _("no")
    if unit == "net promoter score":
        return formats.signed(round(value), language)
    if unit == "share satisfied":
        return _("%(share)s satisfied") % {"share": formats.percent(value, language)}
    if unit == "ease from 1 to 7":
        return _("ease %(figure)s of 7") % {"figure": formats.number(round(value, 1), language)}
    return f"{formats.number(round(value, 1), language)} {_UNITS.get(unit, unit)}".strip()


def plain_value(value: float | None, unit: str) -> str:
    """The same without a unit that stands behind the number: the beginning of "from 4.2 to 2.9 days a week"."""
    if value is None:
        return ""
    number = formats.number(round(value, 1), get_language())
    return number if value_text(value, unit).startswith(f"{number} ") else value_text(value, unit)


def _hundredths(points: float | None) -> int | None:
    return None if points is None else round(points * 100)


def _basis_points(share: float | None) -> int | None:
    return None if share is None else round(share * 10_000)
