"""What pages show of a customer's health: the contract's reading, in the hundredths and halves templates draw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils.dateparse import parse_date
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts.models import Customer
from health import card_words, explaining, narrative, notes, selectors, what_changed
from health.facts.outages import lasting
from health.models import HealthScore, HealthSnapshot, ScorecardVersion
from health.scoring import LINEAR, Card
from health.services.cards import version_on
from health.services.compute import card_of
from health.units import value_text

HISTORY = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Shown:
    """Which day is shown, and from which day on its changes. ``problem``: a sentence on days that mean nothing.

    ``chosen``: somebody asked for these days, so that addresses must carry them on.
    """

    first: date
    last: date
    is_past: bool = False
    chosen: bool = False
    problem: str = ""

    @property
    def query(self) -> str:
        """What addresses carry on: nothing where nobody chose."""
        if not self.chosen:
            return ""
        return f"from={self.first}" + (f"&as_of={self.last}" if self.is_past else "")


def shown_days(query: Mapping[str, str], today: date) -> Shown:
    """The days named by ``as_of`` and ``from`` of an address; the last four weeks until now where they mean nothing."""
    usual = Shown(today - what_changed.LOOK_BACK, today)
    if not query.get("as_of") and not query.get("from"):
        return usual
    last, first = _day(query.get("as_of"), today), _day(query.get("from"), None)
    if last is None or (query.get("from") and first is None):
        return replace(usual, problem=_("That is no day. Shown are the last four weeks."))
    first = first or max(last - what_changed.LOOK_BACK, _EARLIEST)
    if last > today:
        return replace(usual, problem=_("That day lies in the future. Shown are the last four weeks."))
    if first > last:
        return replace(usual, problem=_("The first day must not lie after the second. Shown are the last four weeks."))
    return Shown(first, last, is_past=last < today, chosen=True)


_EARLIEST = date(1970, 2, 1)


def _day(text: str | None, otherwise: date | None) -> date | None:
    if not text:
        return otherwise
    try:
        day = parse_date(text)
    except ValueError:
        return None
    return day if day is not None and day >= _EARLIEST else None


@dataclass(frozen=True, slots=True)
class Point:
    """A snapshot as the history chart draws it. ``points`` in hundredths, ``coverage`` from 0 to 1.

    ``revised``: what data that came later would have made of the day; None where they changed nothing.
    """

    as_of: date
    points: int | None
    band: str
    coverage: float
    revised: int | None = None


def stamp_of(customer_id: UUID) -> str:
    """Changes whenever the stored score does: one row by its key, nothing computed."""
    row = HealthScore.objects.filter(pk=customer_id).values_list("computed_at", "points", "as_of").first()
    return "" if row is None else f"{row[0].timestamp():.6f}-{row[1]}-{row[2]:%j}"


def panel(customer: Customer, now: datetime, shown: Shown) -> dict[str, Any]:
    """What ``health/_panel.html``, ``_header.html`` and ``_changes.html`` show; points in hundredths, risks in
    basis points.
    """
    stamp = stamp_of(customer.pk)
    said = selectors.health_of(customer, now=now, as_of=shown.last)
    version = _version(said, now)
    card = card_of(version)
    changes = what_changed.between(customer, shown.first, shown.last)
    moved = {each.measure: each.delta for each in changes.moved}
    halves = _halves(card, said["drivers"], moved if changes.measured[0] else None)
    before = changes.found.first.scores
    outage = lasting() if any(driver["stale"] for driver in said["drivers"]) else None
    if outage is not None and outage.first_day > shown.last:
        outage = None
    churn = said["churn"]
    low, high = churn["interval"] or (None, None)
    return {
        "stamp": stamp,
        "shown": shown,
        "points": _hundredths(said["score"]),
        "band": said["band"],
        "points_before": int(before.total[0]) if before.total[0] >= 0 and said["score"] is not None else None,
        "band_before": str(before.band[0]),
        "since": shown.first,
        "as_of": date.fromisoformat(said["as_of"]),
        "computed_at": datetime.fromisoformat(said["computed_at"]),
        "coverage": said["coverage"],
        "scorecard_version": said["scorecard"]["version"],
        "scorecard_url": reverse("scorecard_detail", args=[said["scorecard"]["id"]]),
        "halves": halves,
        "earned": _earned(card, halves),
        "adjustments": _adjustments(said["drivers"], moved),
        "outage": outage,
        # What an outage leaves unknown is said once, above.
        "missing": [
            driver
            for half in halves
            for driver in half["drivers"]
            if driver["points"] is None and not (outage and driver["unheard"])
        ],
        "scale": max((driver["max_points"] for half in halves for driver in half["drivers"]), default=0),
        "churn": {
            "risk": _basis_points(churn["probability"]),
            "low": _basis_points(low),
            "high": _basis_points(high),
            "horizon_days": churn["horizon_days"],
            "method": churn["method"],
            "level": churn["level"],
            "is_rough": churn["is_rough"],
            "drivers": churn["drivers"],
        },
        "thresholds": thresholds(card),
        "changes": changes,
    }


def history(customer_id: UUID, today: date) -> list[Point]:
    """A year of closed days, oldest first, each as it was known first, with what late data would make of it."""
    rows = HealthSnapshot.objects.filter(customer_id=customer_id, as_of__gte=today - HISTORY, as_of__lt=today)
    days: dict[date, Point] = {}
    for row in rows.order_by("as_of", "revision").only("as_of", "points", "band", "coverage"):
        said = days.get(row.as_of)
        if said is None:
            days[row.as_of] = Point(row.as_of, row.points, row.band, row.coverage / 100)
        else:
            days[row.as_of] = replace(said, revised=None if row.points == said.points else row.points)
    return list(days.values())


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
        band_before=health["band_before"] if before is not None else None,
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


def _halves(card: Card, drivers: Sequence[Mapping[str, Any]], moved: Mapping[str, int] | None) -> list[dict[str, Any]]:
    language = get_language() or "en"
    halves = []
    for key, label in card.groups:
        rows = [
            _driver(driver, None if moved is None else moved.get(driver["measure"], 0))
            for driver in drivers
            if driver["group"] == key
        ]
        if rows:
            moves = [row["change"] for row in rows if row["change"] is not None]
            halves.append(
                {
                    "label": label.get(language, label["en"]),
                    "points": sum(row["points"] or 0 for row in rows),
                    "max_points": sum(row["max_points"] for row in rows),
                    "change": sum(moves) if moves else None,
                    "drivers": rows,
                }
            )
    return halves


def _earned(card: Card, halves: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """How the value of each measure becomes points, in the order in which the drivers stand."""
    items = {item.key: item for item in card.items}
    found = [(driver, items.get(driver["key"])) for half in halves for driver in half["drivers"]]
    return [
        {
            **driver,
            "by": card_words.curve_words({"curve": item.curve, "unit": item.unit}),
            "steps": item.scoring != LINEAR,
        }
        for driver, item in found
        if item is not None
    ]


def _adjustments(drivers: Sequence[Mapping[str, Any]], moved: Mapping[str, int]) -> list[dict[str, Any]]:
    """What exceptions and an override did to what the measures gave."""
    return [
        _driver(driver, moved.get(driver["measure"], 0))
        for driver in drivers
        if driver["group"] == explaining.ADJUSTMENTS
    ]


def _driver(driver: Mapping[str, Any], change: int | None) -> dict[str, Any]:
    missing = bool(driver["reason"])
    return {
        "key": driver["measure"],
        "label": driver["label"],
        "detail": "" if missing else value_text(driver["value"], driver["unit"]),
        "points": None if missing else _hundredths(driver["points"]),
        "max_points": _hundredths(driver["max_points"]) or 0,
        "change": None if missing and not change else change,
        "stale": driver["stale"],
        "unheard": driver["reason"] == notes.OUTAGE,
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


def _hundredths(points: float | None) -> int | None:
    return None if points is None else round(points * 100)


def _basis_points(share: float | None) -> int | None:
    return None if share is None else round(share * 10_000)
