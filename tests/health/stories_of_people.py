"""What can be told of a customer to every source of measures: in time, late, corrected, and dated back by a file.

A story is told about a past day, ``lag`` days after each fact where it is late. ``begin`` is known by the day,
``late`` afterwards; ``dated_back`` claims to have been known by the day although it is stored later.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from accounts.models import Contact, Customer
from accounts.services import contacts
from accounts.services.writing import Facts as Row
from health.measures import Spec
from journeys.models import Engagement
from journeys.services import engagements
from tests import factories
from tests.health import uses
from tests.health.told import ACTOR, NOW, ago, spec

DAY = 20
"""The past day of every story, counted back from today."""


@dataclass(slots=True)
class Told:
    """A customer of a story, with two people of its own and the days by which lateness is drawn.

    ``event``: how many days before the day something happened; ``lag``: how many days after it the late news came.
    """

    customer: Customer
    people: list[Contact]
    event: int
    lag: int
    kept: dict[str, Any] = field(default_factory=dict)

    @property
    def happened(self) -> datetime:
        return ago(DAY + self.event) + timedelta(hours=9)

    @property
    def late(self) -> datetime:
        return ago(DAY - self.lag) + timedelta(hours=10)

    def key(self, name: str) -> str:
        return f"{name}-{self.customer.pk}"


@dataclass(frozen=True, slots=True)
class Story:
    """How a source is told. ``moves``: whether late news must show in the revised view of the day."""

    specs: Sequence[Spec]
    begin: Callable[[Told], None]
    late: Callable[[Told], None]
    dated_back: Callable[[Told], None] | None = None
    moves: bool = True


def make(event: int, lag: int) -> Told:
    customer = factories.make_customer(created_at=ago(400), known_at=ago(400))
    people = [factories.make_contact(customer, known_at=ago(400), is_sponsor=number == 0) for number in range(2)]
    return Told(customer, people, event, lag)


def rows(*told: tuple[str, dict[str, Any], datetime | None]) -> list[Row]:
    return [Row(key, values, known_at) for key, values, known_at in told]


# --- events and who sent them --------------------------------------------------------------------------


def _use(told: Told, who: int, back: int, known: datetime | None, times: int = 3) -> None:
    uses.store_uses({told.people[who]: [DAY + back]}, now=NOW, per_day=times, known=known)


def in_use(told: Told) -> None:
    _use(told, 0, told.event, None)
    _use(told, 0, told.event + 30, None)


EVENTS = Story(
    [
        Spec("count", 28),
        Spec("distinct_users", 28),
        spec("events", "count", window_days=90),
        spec("events", "habit", habit_days=1, scale=""),
        spec("events", "sum", property="size", window_days=60),
        spec("events", "count", where=[{"property": "size", "is": "exists"}]),
    ],
    in_use,
    lambda told: _use(told, 1, told.event, told.late),
    lambda told: _use(told, 1, told.event, None, times=5),
)


# --- people --------------------------------------------------------------------------------------------


def _person(told: Told, known: datetime, **values: Any) -> None:
    found = contacts.upsert(rows=rows((told.people[0].external_id, values, known)), actor=ACTOR, now=NOW)
    assert not found.refusals


def _talk(
    told: Told, name: str, known: datetime, now: datetime, *, who: int | None = 0, back: int | None = None
) -> None:
    values: dict[str, Any] = {
        "customer_external_id": told.customer.external_id,
        "contact_external_id": "" if who is None else told.people[who].external_id,
        "direction": "customer_to_vendor",
        "channel": "call",
        "occurred_at": ago(DAY + (told.event if back is None else back)),
    }
    found = engagements.upsert(rows=rows((told.key(name), values, known)), actor=ACTOR, now=now, is_history=True)
    assert not found.refusals


def _join_the_talk(told: Told) -> None:
    """The sponsor turns out to have been in a conversation told without names."""
    changed = {"contact_external_id": told.people[0].external_id}
    engagements.upsert(rows=rows((told.key("old"), changed, None)), actor=ACTOR, now=told.late)


CONTACTS = Story(
    [Spec("sponsor", source="contacts"), spec("sponsors", "left", window_days=60)],
    lambda told: None,
    lambda told: _person(told, told.late, is_sponsor=False),
    lambda told: _person(told, ago(DAY + told.event), is_sponsor=False),
    moves=False,
)
PARTICIPANTS = Story(
    [spec("sponsors", "silence", window_days=60)],
    lambda told: _talk(told, "old", told.happened, told.happened, who=None),
    _join_the_talk,
    lambda told: _talk(told, "older", told.happened, NOW),
)


def _leave_the_talk(told: Told) -> None:
    engagements.upsert(rows=rows((told.key("old"), {"contact_external_id": ""}, None)), actor=ACTOR, now=told.late)


NOT_THERE = Story(
    [spec("sponsors", "silence", window_days=60)],
    lambda told: _talk(told, "old", told.happened, told.happened),
    _leave_the_talk,
)


def _forget_the_talk(told: Told) -> None:
    found = Engagement.objects.get(external_id=told.key("old"))
    engagements.remove(engagement_id=found.pk, actor=ACTOR, now=told.late)


REMOVED_TALK = Story(
    [spec("sponsors", "silence", window_days=60), spec("engagements", "count", window_days=60)],
    lambda told: _talk(told, "old", told.happened, told.happened),
    _forget_the_talk,
)


def _move_the_talk(told: Told) -> None:
    engagements.upsert(
        rows=rows((told.key("old"), {"occurred_at": ago(DAY + told.event + 3), "sentiment": "negative"}, None)),
        actor=ACTOR,
        now=told.late,
    )


ENGAGEMENTS = Story(
    [
        spec("sponsors", "silence", window_days=60),
        spec("engagements", "recency"),
        spec("engagements", "sentiment", window_days=60),
    ],
    lambda told: _talk(told, "old", told.happened, told.happened),
    _move_the_talk,
    lambda told: _talk(told, "older", told.happened, NOW, back=0),
)
