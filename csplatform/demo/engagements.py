"""Who spoke with whom in the last year: conversations that lean on how each customer fares.

The vendor speaks in a rhythm that large customers quicken; customers answer as far as they have made the product their
own, and fall silent when they do not. A few meet each other, or talk to others.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import numpy as np

from csplatform.demo.calendar import Window
from csplatform.demo.people import ContactRow
from csplatform.demo.plan import Plan
from csplatform.demo.population import stream

COLUMNS = (
    "external_id",
    "customer_external_id",
    "direction",
    "channel",
    "occurred_at",
    "subject",
    "body",
    "sentiment",
    "by_email",
    "contact_external_id",
    "third_party",
)
_STREAM = 13
_YEAR = 365


class _Staying:
    """Customers that never left, among whom the others find somebody to talk to."""

    def __init__(self, plans: list[Plan]) -> None:
        self._plans = [plan for plan in plans if plan.left_on is None]
        self._created = np.array([plan.created for plan in self._plans], dtype=np.int64)
        self._index = np.array([plan.index for plan in self._plans], dtype=np.int64)

    def guests_of(self, plan: Plan, day: int, rng: np.random.Generator) -> list[Plan]:
        """One that was there on ``day``, other than ``plan``; none where there is nobody."""
        near = np.flatnonzero((self._created <= day) & (self._index != plan.index))
        return [self._plans[near[int(rng.integers(len(near)))]]] if len(near) else []


def talk(plans: list[Plan], people: list[ContactRow], *, window: Window, seed: int) -> list[tuple[str, ...]]:
    """Rows of the last year's conversations, in the order of the customers."""
    told = tomllib.loads((Path(__file__).parent / "engagements.toml").read_text(encoding="utf-8"))
    staff: dict[str, list[ContactRow]] = {}
    for person in people:
        here = staff.setdefault(person.customer, [])
        if all(person.external_id != other.external_id for other in here):
            here.append(person)
    staying = _Staying(plans)
    rows: list[tuple[str, ...]] = []
    for plan in plans:
        rng = stream(seed, _STREAM, plan.index)
        rows.extend(_of(plan, staying, staff.get(plan.external_id, []), told, window, rng))
    return rows


def _of(
    plan: Plan,
    staying: _Staying,
    people: list[ContactRow],
    told: dict[str, Any],
    window: Window,
    rng: np.random.Generator,
) -> list[tuple[str, ...]]:
    first = max(plan.created, window.last - _YEAR, 0)
    last = window.last if plan.left_on is None else min(plan.left_on, window.last)
    rows: list[tuple[str, ...]] = []
    day = first + float(rng.exponential(told["every_days"]))
    while day <= last:
        at = int(day)
        warmth = plan.felt(at)
        direction = _direction(told, warmth, rng)
        mood = "negative" if rng.random() < told["sour"] * (1.6 - warmth) else "positive" if rng.random() < 0.3 else ""
        others = staying.guests_of(plan, at, rng) if direction == "customer_to_customer" else []
        known = [each for each in people if each.known <= at]
        who = known[int(rng.integers(len(known)))] if known and rng.random() < told["named"] else None
        subjects = told["subjects"][direction]
        rows.append(
            (
                f"talk-{plan.external_id}-{len(rows)}",
                "|".join([plan.external_id, *(other.external_id for other in others)]),
                direction,
                str(rng.choice(told["channels"][direction])),
                f"{window.date(at).isoformat()}T{int(rng.integers(7, 17)):02d}:{int(rng.integers(60)):02d}:00Z",
                subjects[int(rng.integers(len(subjects)))],
                str(rng.choice(told["notes"])) if rng.random() < told["noted"] else "",
                mood,
                "" if direction.startswith("customer_to_c") else plan.company.owner_email,
                who.external_id if who else "",
                str(rng.choice(told["third_parties"])) if direction == "customer_to_third_party" else "",
            )
        )
        day += max(1.0, float(rng.exponential(told["every_days"] / max(0.3, warmth))))
    return rows


def _direction(told: dict[str, Any], warmth: float, rng: np.random.Generator) -> str:
    weights = dict(told["directions"])
    weights["customer_to_vendor"] *= max(0.05, warmth)
    total = sum(weights.values())
    return str(rng.choice(list(weights), p=[each / total for each in weights.values()]))
