"""Reading adoption: rules in force, who is shown how, and where a customer's people stand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date
from typing import Any
from uuid import UUID

from django.db.models import Count, F

from accounts.paging import Cursor, Ordering, Page, page
from journeys.adoption import people, rules
from journeys.adoption.curve import DayOfStates, Moved, over_time
from journeys.models import (
    AdoptionChange,
    AdoptionCount,
    AdoptionDisplay,
    AdoptionGroup,
    AdoptionIndicator,
    AdoptionPlan,
    AdoptionRules,
    AdoptionState,
    PeopleShown,
    StepHeight,
)


@dataclass(frozen=True, slots=True)
class Shown:
    """Under which name people are shown in the active workspace."""

    people: PeopleShown
    secret: bytes = b""

    @property
    def is_aggregate(self) -> bool:
        return self.people == PeopleShown.AGGREGATE

    def pseudonym(self, contact_id: UUID) -> str:
        return people.pseudonym(contact_id, self.secret)


def shown() -> Shown:
    """By name, until the workspace says otherwise."""
    row = AdoptionDisplay.objects.first()
    return Shown(PeopleShown(row.people), bytes(row.secret)) if row else Shown(PeopleShown.NAME)


def definitions() -> list[tuple[date, dict[str, Any]]]:
    """The rules by the day they count from, oldest first; the usual ones count until the first of the workspace's own.

    Of several that begin on one day, the newest counts; a version that reaches further back replaces those after it.
    """
    return known_definitions()[-1][1]


def known_definitions() -> list[tuple[date, list[tuple[date, dict[str, Any]]]]]:
    """``definitions`` as they were known from a day on, each in turn; from the beginning, the usual ones."""
    in_force: list[tuple[date, dict[str, Any]]] = [(date.min, dict(rules.DEFAULT))]
    found = [(date.min, in_force)]
    told = AdoptionRules.objects.order_by("number").values_list("effective_on", "definition", "created_at")
    for day, definition, created_at in told:
        in_force = [*(each for each in in_force if each[0] < day), (day, definition)]
        found.append((created_at.astimezone(UTC).date(), in_force))
    return found


def shares_at_work(customer_ids: Sequence[UUID]) -> dict[UUID, float | None]:
    """The share of a customer's people who are activated or habitual, 0 to 1; None where nobody was invited or seen."""
    rows = AdoptionCount.objects.filter(customer_id__in=customer_ids, people__gt=0)
    known = {row.customer_id: (row.activated + row.habitual) / row.people for row in rows}
    return {customer_id: known.get(customer_id) for customer_id in customer_ids}


def count_of(customer_id: UUID) -> AdoptionCount | None:
    """How many of its people stand where; None where nobody was counted yet."""
    return AdoptionCount.objects.filter(customer_id=customer_id).first()


def curve_of(customer_id: UUID, *, first: date, last: date) -> list[DayOfStates]:
    """How many people were in each state over time."""
    rows = (
        AdoptionChange.objects.filter(customer_id=customer_id, day__lte=last)
        .values_list("day", "state", "before")
        .annotate(people=Count("pk"))
        .order_by("day")
    )
    return over_time((Moved(day, state, before or None, n) for day, state, before, n in rows), first=first, last=last)


def plan_of(customer_id: UUID) -> AdoptionPlan | None:
    """The plan in force."""
    return AdoptionPlan.objects.filter(customer_id=customer_id).order_by("-number").first()


def first_day_of(customer_id: UUID) -> date | None:
    """The day of the first change of any of its people."""
    first: date | None = (
        AdoptionChange.objects.filter(customer_id=customer_id).order_by("day").values_list("day", flat=True).first()
    )
    return first


def people_of(
    customer_id: UUID, *, state: str = "", size: int, after: Cursor | None = None, before: Cursor | None = None
) -> Page[AdoptionState]:
    """A customer's people, whose state changed last first; each with its contact."""
    rows = AdoptionState.objects.filter(customer_id=customer_id).select_related("contact")
    if state:
        rows = rows.filter(state=state)
    return page(rows, Ordering("since", descending=True), size=size, after=after, before=before)


@dataclass(frozen=True, slots=True)
class GroupRead:
    """A group and where its people stand; ``group`` None: everybody else. ``hidden``: too few to be shown."""

    group: AdoptionGroup | None
    counts: Mapping[str, int]
    hidden: bool = False

    @property
    def people(self) -> int:
        return sum(self.counts.values())


def groups_of(customer_id: UUID, *, shown: Shown) -> list[GroupRead]:
    """Where the people of each group stand, the highest step first; the title names the group, else the role.

    In aggregate, groups of few are hidden, and one more where a single hidden one could be told from the rest.
    """
    groups = list(AdoptionGroup.objects.filter(customer_id=customer_id).order_by("name", "pk"))
    if not groups:
        return []
    by_name = {group.name.casefold(): group for group in groups}
    found: dict[UUID | None, Counter[str]] = {group.pk: Counter() for group in groups} | {None: Counter()}
    rows = (
        AdoptionState.objects.filter(customer_id=customer_id)
        .order_by()
        .values_list("contact__title", "contact__role", "state")
    )
    for title, role, state, number in rows.annotate(n=Count("pk")):
        group = by_name.get(title.casefold()) or by_name.get(role.casefold())
        found[group.pk if group else None][state] += number
    heights = [step.value for step in (StepHeight.HIGH, StepHeight.MEDIUM, StepHeight.LOW)]
    groups.sort(key=lambda group: heights.index(group.step))
    told = [GroupRead(group, found[group.pk]) for group in groups]
    if found[None]:
        told.append(GroupRead(None, found[None]))
    return _with_hidden(told) if shown.is_aggregate else told


def _with_hidden(groups: list[GroupRead]) -> list[GroupRead]:
    few = {place for place, each in enumerate(groups) if 0 < each.people < people.LEAST_SHOWN}
    others = [place for place, each in enumerate(groups) if place not in few and each.people]
    if len(few) == 1 and others:
        few.add(min(others, key=lambda place: groups[place].people))
    return [replace(each, hidden=place in few) for place, each in enumerate(groups)]


def indicators_of(customer_id: UUID) -> list[AdoptionIndicator]:
    """What shows its adoption: open ones first, then the newest reached; each with its win."""
    rows = AdoptionIndicator.objects.filter(customer_id=customer_id).select_related("win")
    return list(rows.order_by(F("reached_on").desc(nulls_first=True), "pk"))


def plans_of(customer_id: UUID) -> list[AdoptionPlan]:
    """Every version of its plan, the newest first."""
    return list(AdoptionPlan.objects.filter(customer_id=customer_id).order_by("-number")[:50])
