"""Reading tasks: a member's queue, what is late in it, and a customer's tasks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext as _

from accounts.models import Membership
from accounts.paging import Cursor, Ordering, Page, page
from journeys.models import PlaybookRun, Task, TaskState
from journeys.selectors import working
from journeys.working_days import WorkingDays

PAGE = 50
_BY_DUE = Ordering("due_on", nullable=True)
_BY_END = Ordering("finished_at", descending=True, nullable=True)


class Whose(StrEnum):
    """``DEPARTMENT``: what nobody has taken there yet, and what its people have."""

    MINE = "mine"
    DEPARTMENT = "department"
    ALL = "all"


class Box(StrEnum):
    OPEN = "open"
    OVERDUE = "overdue"
    SNOOZED = "snoozed"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Line:
    """A task for people. ``days``: working days until it is due, or since then; None without a due date."""

    task: Task
    days: int | None
    is_late: bool
    is_snoozed: bool

    @property
    def is_open(self) -> bool:
        return bool(self.task.state == TaskState.OPEN)


def box(
    kind: Box,
    whose: Whose,
    *,
    of: Membership,
    now: datetime,
    after: Cursor | None = None,
    before: Cursor | None = None,
) -> Page[Task]:
    """A page of a queue: what is due first comes first, what has no date last; what was finished last comes first."""
    rows = _joined(Task.objects.filter(_whose(whose, of), _condition(kind, _today(now))))
    return page(rows, _BY_END if kind is Box.DONE else _BY_DUE, size=PAGE, after=after, before=before)


def counts(whose: Whose, *, of: Membership, now: datetime) -> dict[Box, int]:
    """How many stand in each box, but for what is done, which only grows."""
    today = _today(now)
    waiting = {kind: Count("pk", filter=_condition(kind, today)) for kind in Box if kind is not Box.DONE}
    rows = Task.objects.filter(_whose(whose, of), state=TaskState.OPEN)
    told = rows.aggregate(**{kind.value: each for kind, each in waiting.items()})
    return {kind: told[kind.value] for kind in waiting}


def find(task_id: UUID) -> Task | None:
    """One task with everything its page shows."""
    return _joined(Task.objects.filter(pk=task_id)).first()


def of_customer(customer_id: UUID, *, most: int) -> tuple[Sequence[Task], int]:
    """A customer's open tasks, the first due first, at most ``most``; and how many there are."""
    rows = Task.objects.filter(customer_id=customer_id, state=TaskState.OPEN, for_customer=False)
    return list(_joined(rows).order_by("due_on", "pk")[:most]), rows.count()


def count_for_deletion(customer_id: UUID) -> list[tuple[str, int]]:
    """What the preview of a deletion says of tasks and of runs of playbooks."""
    return [
        (_("Tasks"), Task.objects.filter(customer_id=customer_id).count()),
        (_("Runs of playbooks"), PlaybookRun.objects.filter(customer_id=customer_id).count()),
    ]


def due_for(*, of: Membership, now: datetime, most: int) -> tuple[Sequence[Task], int]:
    """What Today shows a member: theirs, due by today or late, at most ``most``; and how many there are."""
    today = _today(now)
    rows = Task.objects.filter(_whose(Whose.MINE, of), _condition(Box.OPEN, today), due_on__lte=today)
    return list(_joined(rows).order_by("due_on", "pk")[:most]), rows.count()


def lines(tasks: Sequence[Task], *, now: datetime) -> list[Line]:
    """The tasks as lines; the same few queries for any number."""
    if not tasks:
        return []
    days = working.working_days()
    return [_line(task, days, days.day_of(now)) for task in tasks]


def _line(task: Task, days: WorkingDays, today: date) -> Line:
    is_late = task.state == TaskState.OPEN and task.due_on is not None and task.due_on < today
    left = None
    if task.due_on is not None:
        left = days.between(task.due_on, today) if is_late else days.between(today, task.due_on)
    return Line(task, left, is_late, task.snoozed_until is not None and task.snoozed_until > today)


def _today(now: datetime) -> date:
    return working.working_days().day_of(now)


def _whose(whose: Whose, of: Membership) -> Q:
    ours = Q(for_customer=False)
    if whose is Whose.MINE:
        return ours & Q(owner=of)
    if whose is Whose.DEPARTMENT:
        return ours & Q(department=of.department)
    return ours


def _condition(kind: Box, today: date) -> Q:
    awake = Q(snoozed_until__isnull=True) | Q(snoozed_until__lte=today)
    return {
        Box.OPEN: Q(state=TaskState.OPEN) & awake,
        Box.OVERDUE: Q(state=TaskState.OPEN, due_on__lt=today) & awake,
        Box.SNOOZED: Q(state=TaskState.OPEN, snoozed_until__gt=today),
        Box.DONE: ~Q(state=TaskState.OPEN),
    }[kind]


def _joined(rows: QuerySet[Task]) -> QuerySet[Task]:
    return rows.select_related("customer", "owner__user", "contact")
