"""Sharing the plan with the customer, and what the customer does there: confirm KPIs, tick tasks, comment."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from accounts import values
from accounts.models import Customer
from accounts.roles import Department
from csplatform.core import audit, outbox
from csplatform.core.tenancy import current_workspace_id
from journeys.models import Kpi, KpiVersion, Outcome, PlanComment, PlanLink, Task, TaskState
from journeys.plan import rules
from journeys.services import task_deeds, tasks

LONGEST = timedelta(days=366)
NAME_LIMIT, TEXT_LIMIT = 200, 4_000


@transaction.atomic
def share(*, customer_id: UUID, made_for: str, expires_on: date, actor: audit.Actor, now: datetime) -> PlanLink:
    """A link that opens the customer's plan up to and with ``expires_on``. Raises ``Customer.DoesNotExist`` or
    ``ValidationError`` by field.
    """
    customer = Customer.objects.only("id").get(pk=customer_id)
    name = _text("made_for", made_for, NAME_LIMIT, "is empty: say who is to read the plan")
    if not now.date() <= expires_on <= now.date() + LONGEST:
        last = now.date() + LONGEST
        raise ValidationError(
            {"expires_on": [f"{expires_on} is not between today and {last}; a link lasts a year at most"]}
        )
    link: PlanLink = PlanLink.objects.create(
        workspace_id=current_workspace_id(),
        customer=customer,
        made_for=name,
        expires_on=expires_on,
        created_at=now,
        created_by_label=actor.label[:200],
    )
    audit.record(actor=actor, action="plan.shared", subject=link, data={"until": expires_on.isoformat()}, now=now)
    _publish("shared_plan.created", customer_id, now, link_id=str(link.pk))
    return link


@transaction.atomic
def revoke(*, link_id: UUID, actor: audit.Actor, now: datetime) -> PlanLink:
    """The link opens nothing from now on; revoking again changes nothing. Raises ``PlanLink.DoesNotExist``."""
    link = PlanLink.objects.select_for_update(of=("self",), no_key=True).get(pk=link_id)
    if link.revoked_at is None:
        link.revoked_at, link.revoked_by_label = now, actor.label[:200]
        link.save(update_fields=["revoked_at", "revoked_by_label"])
        audit.record(actor=actor, action="plan.link_revoked", subject=link, now=now)
        _publish("shared_plan.revoked", link.customer_id, now, link_id=str(link.pk))
    return link


def note_opened(*, link_id: UUID, now: datetime) -> None:
    """The customer has looked."""
    PlanLink.objects.filter(pk=link_id).update(opened=F("opened") + 1, last_opened_at=now)


@transaction.atomic
def confirm_kpi(*, link: PlanLink, kpi_id: UUID, number: int, name: str, now: datetime) -> KpiVersion:
    """The customer agrees to version ``number`` of a KPI. Raises ``Kpi.DoesNotExist`` for another customer's, and
    ``ValidationError`` when the KPI says something else by now.
    """
    who = _text("name", name, NAME_LIMIT, "is empty: say who confirms")
    kpi = Kpi.objects.select_for_update(of=("self",), no_key=True).get(
        pk=kpi_id, outcome__customer_id=link.customer_id, retired_at__isnull=True
    )
    version = rules.in_force(KpiVersion.objects.filter(kpi=kpi), day=now.date(), known_by=now)
    if version is None or version.number != number:
        raise ValidationError("The KPI was changed since you opened the page. Look at it again; nothing was confirmed.")
    if version.confirmed_at is None:
        version.confirmed_at, version.confirmed_by = now, who
        version.save(update_fields=["confirmed_at", "confirmed_by"])
        data = {"number": number, "name": version.name}
        audit.record(actor=_actor(link, who), action="kpi.confirmed", subject=kpi, data=data, now=now)
        _publish("kpi.confirmed", link.customer_id, now, kpi_id=str(kpi.pk), outcome_id=str(kpi.outcome_id))
    return version


@transaction.atomic
def tick_task(*, link: PlanLink, task_id: UUID, name: str, now: datetime) -> Task:
    """The customer has done one of its own tasks; ticked again, nothing changes. Raises ``Task.DoesNotExist`` for any
    other.
    """
    who = _text("name", name, NAME_LIMIT, "is empty: say who has done it")
    task: Task = Task.objects.select_for_update(of=("self",), no_key=True).get(
        pk=task_id, customer_id=link.customer_id, for_customer=True
    )
    if task.state != TaskState.OPEN:
        return task
    done = _("Ticked on the shared plan by %(name)s") % {"name": who}
    return task_deeds.finish(task_id=task_id, result=done, actor=_actor(link, who), now=now)


@transaction.atomic
def comment(*, link: PlanLink, name: str, text: str, now: datetime, outcome_id: UUID | None = None) -> PlanComment:
    """The customer says something beside its plan; whoever looks after it finds a task, one a day at most.

    Raises ``Outcome.DoesNotExist`` for another customer's outcome, and ``ValidationError`` by field.
    """
    who = _text("name", name, NAME_LIMIT, "is empty: say who you are")
    said = _write(link.customer_id, who, text, now, outcome_id, link=link)
    customer = link.customer
    wanted = tasks.NewTask(
        title=f"{customer.name}: {who}",
        body=said.text,
        customer_id=customer.pk,
        owner_id=customer.csm_id,
        department=Department.CUSTOMER_SUCCESS,
        due_on=now.date() + timedelta(days=1),
        source="shared_plan",
        source_key=f"{customer.pk}:{now.date()}",
    )
    tasks.create(tasks=[wanted], actor=_actor(link, who), now=now)
    audit.record(actor=_actor(link, who), action="plan.commented", subject=said, now=now)
    told = {"comment_id": str(said.pk), "outcome_id": str(outcome_id) if outcome_id else None}
    _publish("shared_plan.commented", customer.pk, now, **told)
    return said


@transaction.atomic
def answer(
    *, customer_id: UUID, text: str, actor: audit.Actor, now: datetime, outcome_id: UUID | None = None
) -> PlanComment:
    """One of us answers on the shared plan, where the customer reads it."""
    said = _write(customer_id, actor.label[:NAME_LIMIT], text, now, outcome_id, is_ours=True)
    audit.record(actor=actor, action="plan.commented", subject=said, now=now)
    read_all(customer_id=customer_id, now=now)
    return said


def read_all(*, customer_id: UUID, now: datetime) -> None:
    """One of us has seen what the customer said."""
    PlanComment.objects.filter(customer_id=customer_id, is_ours=False, read_at__isnull=True).update(read_at=now)


def _write(
    customer_id: UUID,
    author: str,
    text: str,
    now: datetime,
    outcome_id: UUID | None,
    *,
    link: PlanLink | None = None,
    is_ours: bool = False,
) -> PlanComment:
    if outcome_id is not None:
        Outcome.objects.get(pk=outcome_id, customer_id=customer_id)
    said: PlanComment = PlanComment.objects.create(
        workspace_id=current_workspace_id(),
        customer_id=customer_id,
        outcome_id=outcome_id,
        link=link,
        author=author,
        text=_text("text", text, TEXT_LIMIT, "is empty: write what you want to say"),
        is_ours=is_ours,
        written_at=now,
    )
    return said


def _text(field: str, told: str, limit: int, missing: str) -> str:
    try:
        cleaned = values.text(told, limit=limit)
    except ValueError as error:
        raise ValidationError({field: [str(error)]}) from error
    if not cleaned:
        raise ValidationError({field: [missing]})
    return cleaned


def _actor(link: PlanLink, name: str) -> audit.Actor:
    """The customer, by the name it gave: nobody has proved it, so the trail says where it came from."""
    return audit.Actor(label=f"{name} (shared plan of {link.customer.name})"[:200])


def _publish(name: str, customer_id: UUID, now: datetime, **more: str | None) -> None:
    outbox.publish(
        workspace_id=current_workspace_id(), name=name, payload={"customer_id": str(customer_id), **more}, now=now
    )
