"""Reading what is shared with customers: the links that stand, and what was said beside the plan."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

from django.db.models import F

from journeys.models import PlanComment, PlanLink, Task, TaskState

SHOWN_COMMENTS = 50


def links_of(customer_id: UUID, *, day: date) -> list[PlanLink]:
    """The links that open the customer's plan on ``day``, newest first."""
    rows = PlanLink.objects.filter(customer_id=customer_id, revoked_at__isnull=True, expires_on__gte=day)
    return list(rows.order_by("-pk"))


def link_that_opens(link_id: UUID, *, day: date) -> PlanLink | None:
    """The link, with its customer, as long as it opens anything."""
    rows = PlanLink.objects.select_related("customer").filter(pk=link_id, revoked_at__isnull=True, expires_on__gte=day)
    return rows.first()


def comments_of(customer_id: UUID, *, outcome_id: UUID | None = None) -> list[PlanComment]:
    """The newest words beside the plan (or one outcome of it), oldest of them first."""
    rows = PlanComment.objects.filter(customer_id=customer_id)
    if outcome_id is not None:
        rows = rows.filter(outcome_id=outcome_id)
    return list(rows.select_related("outcome").order_by("-pk")[:SHOWN_COMMENTS])[::-1]


def unread_of(customer_id: UUID) -> int:
    """How many of the customer's words nobody of us has seen."""
    return PlanComment.objects.filter(customer_id=customer_id, is_ours=False, read_at__isnull=True).count()


def tasks_shown(customer_id: UUID, *, day: date) -> list[Task]:
    """The customer's own tasks: the open ones by due date, then those done within the last month."""
    rows = Task.objects.filter(customer_id=customer_id, for_customer=True).exclude(state=TaskState.CANCELLED)
    month = day - timedelta(days=31)
    open_ones = list(rows.filter(state=TaskState.OPEN).order_by(F("due_on").asc(nulls_last=True), "pk")[:50])
    return open_ones + list(
        rows.filter(state=TaskState.DONE, finished_at__date__gt=month).order_by("-finished_at")[:20]
    )
