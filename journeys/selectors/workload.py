"""Who has how much on their hands: customers, tasks, handovers and conversations per person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, ClassVar

from django.db import connection
from django.db.models import Count, Q

from accounts.models import Membership, Workspace
from accounts.roles import Department
from journeys.models import Engagement, Relay, RelayState, Task, TaskState
from journeys.selectors import working

PAGE = 50
DAYS = 28
"""Over how many days conversations are counted, today included."""

# A person may hold two roles at one customer: it counts once. Covers end on a day; own places do not.
_HELD = """
    SELECT place.member_id, count(*) FILTER (WHERE place.own), sum(customer.arr_minor) FILTER (WHERE place.own),
           count(*) FILTER (WHERE NOT place.own)
    FROM (
        SELECT member_id, customer_id, bool_or(covers_for_id IS NULL) AS own
        FROM accounts_accountteammember
        WHERE workspace_id = %(workspace)s AND since <= %(today)s AND (until IS NULL OR until > %(today)s)
        GROUP BY member_id, customer_id
    ) AS place
    JOIN accounts_customer AS customer ON customer.id = place.customer_id
    WHERE customer.workspace_id = %(workspace)s AND customer.contract_state <> 'churned'
    GROUP BY place.member_id
"""


@dataclass(frozen=True, slots=True)
class Load:
    """What one person has. ``covering``: customers looked after for a colleague who is away, not in ``customers``.

    ``arr_minor``: of the customers. ``overdue``: of the open tasks that are not put off. ``handovers``: offered to
    this very person and waiting. ``conversations``: of the last ``DAYS`` days. ``has_left``: should hold nothing.
    """

    member: Membership
    customers: int = 0
    arr_minor: int = 0
    covering: int = 0
    tasks: int = 0
    overdue: int = 0
    handovers: int = 0
    conversations: int = 0

    SORTS: ClassVar[tuple[str, ...]] = (
        "customers", "arr_minor", "tasks", "overdue", "handovers", "conversations",
    )  # fmt: skip

    @property
    def has_left(self) -> bool:
        return self.member.left_at is not None

    @property
    def holds_anything(self) -> bool:
        return any((self.customers, self.covering, self.tasks, self.handovers))


@dataclass(frozen=True, slots=True)
class Unclaimed:
    """What waits for anybody of a department."""

    department: str
    tasks: int
    handovers: int

    @property
    def label(self) -> str:
        return str(Department(self.department).label)


def loads(*, workspace: Workspace, now: datetime, department: str = "", sort: str = "") -> list[Load]:
    """Everybody of a department (or of all), and those who left and still hold something, in seven queries.

    The most first where ``sort`` is one of ``Load.SORTS``, else by name; those who left come before all others.
    """
    people = Membership.objects.filter(workspace=workspace).select_related("user")
    if department:
        people = people.filter(department=department)
    today = working.working_days().day_of(now)
    held, tasks = _held(workspace, now.date()), _tasks(today)
    handovers, conversations = _handovers(), _conversations(now)
    found = [
        Load(
            member,
            **held.get(member.pk, {}),
            **tasks.get(member.pk, {}),
            handovers=handovers.get(member.pk, 0),
            conversations=conversations.get(member.pk, 0),
        )
        for member in people
    ]
    shown = [load for load in found if not load.has_left or load.holds_anything]
    return sorted(shown, key=lambda load: (not load.has_left, -getattr(load, sort) if sort else 0, _name(load)))


def unclaimed() -> list[Unclaimed]:
    """Tasks and handovers that wait for anybody of a department, those with something waiting, in two queries."""
    tasks = Task.objects.filter(state=TaskState.OPEN, owner__isnull=True).exclude(department="")
    counted = dict(tasks.values_list("department").annotate(n=Count("pk")).order_by())
    offered = Relay.objects.filter(Q(taker__isnull=True) | Q(taker__left_at__isnull=False), state=RelayState.OFFERED)
    waiting = dict(offered.values_list("taker_department").annotate(n=Count("pk")).order_by())
    return [
        Unclaimed(each, counted.get(each, 0), waiting.get(each, 0))
        for each in Department.values
        if each in counted or each in waiting
    ]


def _name(load: Load) -> str:
    return str(load.member.user).casefold()


def _held(workspace: Workspace, today: date) -> dict[Any, dict[str, int]]:
    with connection.cursor() as cursor:
        cursor.execute(_HELD, {"workspace": workspace.pk, "today": today})
        return {
            member: {"customers": customers, "arr_minor": int(arr or 0), "covering": covering}
            for member, customers, arr, covering in cursor.fetchall()
        }


def _tasks(today: date) -> dict[Any, dict[str, int]]:
    awake = Q(snoozed_until__isnull=True) | Q(snoozed_until__lte=today)
    rows = Task.objects.filter(state=TaskState.OPEN, for_customer=False, owner__isnull=False).values("owner").order_by()
    counted = rows.annotate(tasks=Count("pk"), overdue=Count("pk", filter=awake & Q(due_on__lt=today)))
    return {row["owner"]: {"tasks": row["tasks"], "overdue": row["overdue"]} for row in counted}


def _handovers() -> dict[Any, int]:
    rows = Relay.objects.filter(state=RelayState.OFFERED, taker__isnull=False)
    return dict(rows.values_list("taker").annotate(n=Count("pk")).order_by())


def _conversations(now: datetime) -> dict[Any, int]:
    rows = Engagement.objects.filter(by__isnull=False, occurred_at__gt=now - timedelta(days=DAYS), occurred_at__lte=now)
    return dict(rows.values_list("by").annotate(n=Count("pk")).order_by())
