"""Reading shocks: who is exposed, what it costs, and whether they recover."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Q, Sum

from accounts.models.customers import ContractState
from accounts.paging import Cursor, Ordering, Page, page
from journeys import extensions
from journeys.extensions import DayOfGroup
from journeys.models import EngagementCustomer, Shock, ShockCustomer, ShockMember, ShockState, Task, TaskState
from journeys.services.shocks import SOURCE

PAGE = 50
LOOK_BACK = timedelta(weeks=8)
MOST_WEEKS = 40
_BY_REVENUE = Ordering("arr_minor", descending=True)


@dataclass(frozen=True, slots=True)
class Standing:
    """How those exposed stand: at the declaration and now. Money in minor units, a year."""

    customers: int
    arr_before_minor: int
    arr_now_minor: int
    bands_before: dict[str, int]
    bands_now: dict[str, int]
    churned: int
    answered: int
    tasks: int
    tasks_done: int


@dataclass(frozen=True, slots=True)
class Week:
    """One point of the recovery curve: mean health (hundredths) and share at risk of those exposed and the others."""

    day: date
    exposed: DayOfGroup | None
    others: DayOfGroup | None


def shocks() -> list[Shock]:
    """All shocks, running ones before all, the newest first, each with ``customers`` and ``arr_minor`` exposed."""
    rows = Shock.objects.annotate(customers=Count("exposed"), arr_minor=Sum("exposed__arr_minor"))
    return sorted(rows.order_by("-declared_at", "-id"), key=lambda each: each.state != ShockState.RUNNING)


def of_customer(customer_id: UUID, most: int) -> list[Shock]:
    """The shocks a customer was exposed to, the latest first."""
    rows = ShockCustomer.objects.filter(customer_id=customer_id).select_related("shock")
    return [row.shock for row in rows.order_by("-shock__struck_on", "-shock_id")[:most]]


def find(shock_id: UUID) -> Shock | None:
    return Shock.objects.filter(pk=shock_id).first()


def exposed(shock: Shock, *, after: Cursor | None = None, before: Cursor | None = None) -> Page[ShockCustomer]:
    """Those exposed, the largest first, each with ``spoken``: whether anybody talked with them since."""
    since = EngagementCustomer.objects.filter(
        customer_id=OuterRef("customer_id"), occurred_at__gte=shock.declared_at, direction="vendor_to_customer"
    )
    rows = ShockCustomer.objects.filter(shock=shock).select_related("customer__health", "customer__csm__user")
    return page(rows.annotate(spoken=Exists(since)), _BY_REVENUE, size=PAGE, after=after, before=before)


def task_force(shock: Shock) -> list[ShockMember]:
    return list(ShockMember.objects.filter(shock=shock).select_related("member__user").order_by("joined_at", "id"))


def standing(shock: Shock) -> Standing:
    """The exposed then and now, in a fixed number of queries."""
    rows = ShockCustomer.objects.filter(shock=shock)
    since = EngagementCustomer.objects.filter(
        customer_id=OuterRef("customer_id"), occurred_at__gte=shock.declared_at, direction="vendor_to_customer"
    )
    told = rows.aggregate(
        customers=Count("pk"),
        before=Sum("arr_minor"),
        now=Sum("customer__arr_minor"),
        churned=Count("pk", filter=Q(customer__contract_state=ContractState.CHURNED)),
    )
    work = Task.objects.filter(source=SOURCE, source_key__startswith=f"{shock.pk}:")
    counted = work.aggregate(made=Count("pk"), done=Count("pk", filter=Q(state=TaskState.DONE)))
    return Standing(
        customers=told["customers"],
        arr_before_minor=told["before"] or 0,
        arr_now_minor=told["now"] or 0,
        bands_before=dict(rows.values_list("band").annotate(n=Count("pk")).order_by()),
        bands_now=dict(rows.values_list("customer__health__band").annotate(n=Count("pk")).order_by()),
        churned=told["churned"],
        answered=rows.filter(Exists(since)).count(),
        tasks=counted["made"],
        tasks_done=counted["done"],
    )


def recovery(shock: Shock, *, now: datetime) -> list[Week]:
    """A point a week, from eight weeks before it struck to its end (or today), exposed beside everybody else."""
    end = min((shock.closed_at or now).date(), now.date() - timedelta(days=1))  # the last closed day
    count = min(MOST_WEEKS, (end - shock.struck_on + LOOK_BACK).days // 7 + 1)
    days = [end - timedelta(weeks=week) for week in range(count - 1, -1, -1)]
    mine = list(ShockCustomer.objects.filter(shock=shock).values_list("customer_id", flat=True))
    return _weeks(days, mine)


def _weeks(days: Sequence[date], exposed_ids: Sequence[UUID]) -> list[Week]:
    hit = extensions.group_history(days, exposed_ids, inside=True)
    rest = extensions.group_history(days, exposed_ids, inside=False)
    return [Week(day, hit.get(day), rest.get(day)) for day in days]
