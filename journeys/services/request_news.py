"""Those who asked for something hear that it has shipped."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import override

from accounts.models import Customer, Workspace
from accounts.roles import Department
from csplatform.core import audit, outbox
from csplatform.core.tenancy import current_workspace_id
from journeys.models import Request, RequestCustomer
from journeys.news import is_news
from journeys.selectors import working
from journeys.selectors.requests import SOURCE, task_key
from journeys.services import grounding, tasks
from journeys.services.tasks import NewTask

DAYS_TO_TELL = 5
"""Working days in which those who asked are to hear that it shipped."""


def shipped(*, requests: Sequence[Request], actor: audit.Actor, now: datetime) -> None:
    """Have everybody behind these requests told: a task for each account team, once per request and customer.

    What shipped longer ago than news lasts is kept without, and a merged one is told of by the one it counts for.
    """
    lately = {
        each.pk: each
        for each in requests
        if each.shipped_at and each.merged_into_id is None and is_news(each.shipped_at, now)
    }
    if not lately:
        return
    links = RequestCustomer.objects.filter(counts_for_id__in=lately).order_by("counts_for_id", "customer_id")
    asked = {pair: lately[pair[0]] for pair in links.values_list("counts_for_id", "customer_id").distinct()}
    _have_told(asked, actor, now)
    events: list[tuple[str, dict[str, Any]]] = [
        ("request.shipped", {"request_id": str(root), "customer_id": str(customer)}) for root, customer in asked
    ]
    unasked = lately.keys() - {root for root, _customer in asked}
    events += [("request.shipped", {"request_id": str(pk), "customer_id": None}) for pk in sorted(unasked)]
    outbox.publish_many(workspace_id=current_workspace_id(), events=events, now=now)


def _have_told(asked: dict[tuple[UUID, UUID], Request], actor: audit.Actor, now: datetime) -> None:
    if not asked:
        return
    customer_ids = sorted({customer_id for _root, customer_id in asked})
    names = dict(Customer.objects.filter(pk__in=customer_ids).values_list("id", "name"))
    days = working.working_days()
    owners = grounding.askable(customer_ids, now)
    due_on = days.after(days.day_of(now), DAYS_TO_TELL)
    with override(Workspace.objects.get(pk=current_workspace_id()).locale):
        made = [
            NewTask(
                title=_("Tell %(customer)s: “%(title)s” has shipped")
                % {"customer": names[customer_id], "title": request.title},
                body=request.answer or _("They asked for it, and it is there now."),
                customer_id=customer_id,
                owner_id=owners.get(customer_id),
                department=Department.CUSTOMER_SUCCESS,
                due_on=due_on,
                source=SOURCE,
                source_key=task_key(root, customer_id),
            )
            for (root, customer_id), request in asked.items()
        ]
    tasks.create(tasks=made, actor=actor, now=now)
