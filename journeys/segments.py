"""What the journey lets customers be filtered by."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.segments import Field, Kind, Relation, Terms, register
from journeys.adoption.people import LEAST_SHOWN
from journeys.models import AdoptionCount, Direction, EngagementCustomer, Macro, Signal, SignalState
from journeys.selectors import adoption, standing

_GROUP, _ENGAGEMENT, _ADOPTION = _("Journey"), _("Engagement"), _("Adoption")

_BY_DIRECTION = {
    Direction.VENDOR_TO_CUSTOMER: _("Engagements, we → customer"),
    Direction.CUSTOMER_TO_VENDOR: _("Engagements, customer → us"),
    Direction.CUSTOMER_TO_CUSTOMER: _("Engagements, customer ↔ customer"),
    Direction.CUSTOMER_TO_THIRD_PARTY: _("Engagements, customer ↔ third party"),
}


def _macros() -> dict[str, str]:
    return {macro.value: str(macro.label) for macro in Macro}


def register_all() -> None:
    """Called once, at start."""
    register(
        Field("stage", _("Stage"), Kind.CHOICE, "stage_key", choices=standing.stage_names, group=_GROUP),
        Field("macro", _("Macro stage"), Kind.CHOICE, "stage_macro", choices=_macros, group=_GROUP),
        Field("days_in_stage", _("Time in stage"), Kind.DAYS, "stage_since", group=_GROUP),
        *_adoption(),
        *_engagements(),
        Relation(
            "open_signals",
            _("Signals of change without an answer"),
            lambda: Signal.objects.filter(state=SignalState.OPEN),
            at_column="known_at",
            group=_ENGAGEMENT,
        ),
    )


def _engagements() -> list[Relation]:
    """Conversations of any direction, and of each by itself."""
    anybody = Relation(
        "engagements",
        _("Engagements"),
        lambda: EngagementCustomer.objects.all(),
        at_column="occurred_at",
        group=_ENGAGEMENT,
    )
    return [anybody, *(_of(direction, label) for direction, label in _BY_DIRECTION.items())]


def _of(direction: Direction, label: Any) -> Relation:
    def rows() -> QuerySet[Any]:
        return EngagementCustomer.objects.filter(direction=direction)

    return Relation(f"engagements_{direction}", label, rows, at_column="occurred_at", group=_ENGAGEMENT)


def _adoption() -> list[Field]:
    """Shares of a customer's people; where they are shown in aggregate only, few people are found by no share."""
    return [
        Field("habit_share", _("Share of people in habit"), Kind.PERCENT, "habit_percent", scale=100,
              rows=_counted_people, group=_ADOPTION, unit="%"),
        Field("work_share", _("Share of people at work"), Kind.PERCENT, "work_percent", scale=100,
              rows=_counted_people, group=_ADOPTION, unit="%"),
        Field("people_lapsed", _("People who lapsed"), Kind.NUMBER, "lapsed", rows=_counted_people, group=_ADOPTION),
    ]  # fmt: skip


def _counted_people(terms: Terms) -> QuerySet[Any]:
    least = LEAST_SHOWN if adoption.shown().is_aggregate else 1
    return AdoptionCount.objects.filter(people__gte=least)
