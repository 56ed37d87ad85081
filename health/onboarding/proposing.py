"""A scorecard fitted to what the data has: which measures can be told apart by it, and from which value on is good."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
from django.db import connection
from django.utils.translation import gettext as _

from accounts.models import Customer, Workspace
from csplatform.core.tenancy import current_workspace_id
from health import defaults
from health.facts.asof import AsOf
from health.measures import Facts, Floats, evaluate
from health.onboarding import rules
from health.parsing import parse

SAMPLE = 400
_LOOK_BACK = timedelta(days=28)
_EVENT_MEASURES = 3


@dataclass(frozen=True, slots=True)
class Proposed:
    """A measure that a scorecard may have. ``item``: as a draft takes it, with label, unit and definition.

    ``coverage``: share of the customers looked at that have a value; ``quartiles`` of those values (None without any).
    ``wanted``: whether it is proposed; ``why`` says so in words.
    """

    item: dict[str, Any]
    coverage: float
    quartiles: tuple[float, float, float] | None
    wanted: bool
    why: str

    @property
    def key(self) -> str:
        return str(self.item["measure"])


@dataclass(frozen=True, slots=True)
class Proposal:
    """``day``: the day that was looked at; ``customers``: how many customers were, out of ``paying``."""

    day: date
    customers: int
    paying: int
    measures: list[Proposed]
    history_days: int
    horizon: int

    def draft(self, keys: set[str]) -> list[dict[str, Any]]:
        """The items of the chosen measures, their weights scaled so that they add up to 100."""
        chosen = [each.item for each in self.measures if each.key in keys]
        total = sum(item["weight"] for item in chosen)
        return [{**item, "weight": round(100 * item["weight"] / total, 1)} for item in chosen]


def propose(*, now: datetime) -> Proposal:
    """What the active workspace's data can tell customers apart by, on its last complete day."""
    workspace = Workspace.objects.get(pk=current_workspace_id())
    yesterday = now.astimezone(UTC).date() - timedelta(days=1)
    day = min(workspace.data_through or yesterday, yesterday)
    paying = list(
        Customer.objects.filter(subscriptions__arr_minor__gt=0, subscriptions__starts_on__lte=day)
        .distinct()
        .order_by("id")
        .values_list("id", flat=True)
    )
    step = max(1, len(paying) // SAMPLE)
    ids = paying[::step][:SAMPLE]
    candidates = [dict(item) for item in defaults.default_content()["items"]] + _by_name(day)
    measures: list[Proposed] = []
    if ids:
        specs = [parse(item["definition"]) for item in candidates]
        loaded = AsOf(ids, [day], specs, grace_days=workspace.grace_days, data_through=workspace.data_through)
        facts = loaded.at(day)
        here = facts.applicable
        measures = [
            _judge(item, evaluate(spec, facts)[here], facts) for item, spec in zip(candidates, specs, strict=True)
        ]
    first = _first_event()
    history = (day - first).days if first else 0
    return Proposal(
        day,
        len(ids),
        len(paying),
        _without_substitutes(measures),
        history,
        rules.horizon_for(history_days=history, grace_days=workspace.grace_days),
    )


def _judge(item: dict[str, Any], values: Floats, facts: Facts) -> Proposed:
    known = values[~np.isnan(values)]
    coverage = float(len(known) / len(values)) if len(values) else 0.0
    low, middle, high = (float(q) for q in np.quantile(known, [0.25, 0.5, 0.75])) if len(known) else (0.0, 0.0, 0.0)
    quartiles = (low, middle, high) if len(known) else None
    if coverage < rules.LEAST_COVERAGE:
        return Proposed(item, coverage, quartiles, False, _why_missing(item, facts))
    if float(known.min()) == float(known.max()):
        return Proposed(
            item, coverage, quartiles, False, _("Every customer has the same value: it tells nobody apart.")
        )
    if item.pop("fit", False):
        item["curve"] = rules.curve_of([float(value) for value in known])
    return Proposed(item, coverage, quartiles, True, _("The data has it, and customers differ by it."))


def _why_missing(item: dict[str, Any], facts: Facts) -> str:
    definition = item["definition"]
    if "seat" in definition.get("scale", "") and not (facts.seats > 0).any():
        return _("No subscription says how many seats it has.")
    if definition.get("aggregation") == "distinct_users":
        return _("The events do not say which person they are of.")
    if definition["source"] == "contacts":
        return _("There are no contacts yet, so nobody knows who the sponsor is.")
    return _("Too few customers have a value.")


def _without_substitutes(measures: list[Proposed]) -> list[Proposed]:
    """The count of events without seats stands in only where the one per seat cannot be told."""
    per_seat = next((each for each in measures if each.key == "activity_level"), None)
    if per_seat is not None and per_seat.wanted:
        return [each for each in measures if each.key != "activity_count"]
    return measures


def _by_name(day: date) -> list[dict[str, Any]]:
    """Counts as candidates: of all events, and of those that many but not all customers send."""
    items = [
        {
            "measure": "activity_count",
            "label": {"en": "Activity", "fr": "Activité", "de": "Aktivität"},
            "unit": "events in 28 days",
            "group": "value",
            "weight": 10,
            "curve": [[0, 0], [1, 1]],
            "definition": {"source": "events", "aggregation": "count", "window_days": 28},
            "fit": True,
        }
    ]
    for name in _frequent(day):
        items.append(
            {
                "measure": f"use_of_{_slug(name)}",
                "label": {"en": f"Use of “{name}”", "fr": f"Usage de « {name} »", "de": f"Nutzung von „{name}“"},
                "unit": "events in 28 days",
                "group": "value",
                "weight": 6,
                "curve": [[0, 0], [1, 1]],
                "definition": {"source": "events", "aggregation": "count", "window_days": 28, "events": [name]},
                "fit": True,
            }
        )
    return items


def _frequent(day: date) -> list[str]:
    """Names of events that the most customers sent in the 28 days up to ``day``."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT name FROM health_event
            WHERE workspace_id = %s AND customer_id IS NOT NULL
              AND occurred_at >= (%s::date + 1)::timestamp AT TIME ZONE 'UTC'
              AND occurred_at < (%s::date + 1)::timestamp AT TIME ZONE 'UTC'
            GROUP BY name ORDER BY count(DISTINCT customer_id) DESC, count(*) DESC, name LIMIT %s
            """,
            [str(current_workspace_id()), day - _LOOK_BACK, day, _EVENT_MEASURES],
        )
        return [row[0] for row in cursor.fetchall()]


def _first_event() -> date | None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT min(occurred_at AT TIME ZONE 'UTC')::date FROM health_event WHERE workspace_id = %s",
            [str(current_workspace_id())],
        )
        first: date | None = cursor.fetchone()[0]
    return first


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")[:40] or "event"
