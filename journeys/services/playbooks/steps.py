"""What each kind of step does. Each writes in the caller's transaction and says what it made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from accounts.models import Contact, Customer, Membership, Workspace
from accounts.webhooks import deliveries
from csplatform.core import audit, formats
from csplatform.core.tenancy import current_workspace_id
from journeys.models import PlaybookRun, Stage
from journeys.playbooks import placeholders
from journeys.playbooks.definition import EMAIL, MOVE, TASK, WAIT, WEBHOOK, Step
from journeys.selectors import working
from journeys.services import moving, offering, tasks
from journeys.services.tasks import NewTask

Made = dict[str, str]


def take(step: Step, run: PlaybookRun, *, actor: audit.Actor, now: datetime) -> Made:
    """Carry out ``step`` for the run's customer; returns the ids of what was made. Raises what the services raise."""
    return _KINDS[step.kind](step, run, actor, now)


def _task(step: Step, run: PlaybookRun, actor: audit.Actor, now: datetime) -> Made:
    customer = Customer.objects.get(pk=run.customer_id)
    owner = owner_of(run, step.owner, now)
    sponsor = _sponsor(run.customer_id) if step.kind == EMAIL or "sponsor." in step.title + step.body else None
    values = _values(run, customer, owner, sponsor, now)
    days = working.working_days()
    title = placeholders.render(step.title, values)
    new = NewTask(
        title=title or _("Write to %(name)s") % {"name": customer.name},
        body="" if step.kind == EMAIL else placeholders.render(step.body, values),
        customer_id=customer.pk,
        owner_id=owner.pk if owner else None,
        department=step.owner,
        due_on=days.after(days.day_of(now), step.days),
        source="playbook",
        source_key=f"{run.pk}:{run.step}",
        draft_subject=placeholders.render(step.subject, values) if step.kind == EMAIL else "",
        draft_body=placeholders.render(step.body, values) if step.kind == EMAIL else "",
        contact_id=sponsor.pk if sponsor and step.kind == EMAIL else None,
    )
    made = tasks.create(tasks=[new], actor=actor, now=now)
    return {"task": str(made[0])} if made else {}


def _move(step: Step, run: PlaybookRun, actor: audit.Actor, now: datetime) -> Made:
    """The move, or the handover it takes. Where the customer is there already, there is nothing to do."""
    customer = Customer.objects.get(pk=run.customer_id)
    if customer.stage_key == step.stage:
        return {}
    reason = placeholders.render(step.reason, _values(run, customer, None, None, now))
    answer = moving.move(
        customer_id=customer.pk, stage_key=step.stage, reason=reason[: moving.MAX_REASON], actor=actor, now=now
    )
    if isinstance(answer, moving.Opened):
        return {"relay": str(answer.relay.pk)}
    return {"move": str(answer.move.pk)}


def _webhook(step: Step, run: PlaybookRun, actor: audit.Actor, now: datetime) -> Made:
    data = {
        "playbook_id": str(run.playbook_id),
        "run_id": str(run.pk),
        "customer_id": str(run.customer_id),
        "trigger": run.trigger,
        "event": run.payload,
    }
    made = deliveries.enqueue(
        endpoint_id=UUID(step.webhook), event=step.event, data=data, key=f"playbook:{run.pk}:{run.step}", now=now
    )
    return {"delivery": str(made.pk)}


def _wait(step: Step, run: PlaybookRun, actor: audit.Actor, now: datetime) -> Made:
    return {}


_KINDS: Mapping[str, Callable[[Step, PlaybookRun, audit.Actor, datetime], Made]] = {
    TASK: _task,
    EMAIL: _task,
    MOVE: _move,
    WEBHOOK: _webhook,
    WAIT: _wait,
}


def owner_of(run: PlaybookRun, department: str, now: datetime) -> Membership | None:
    """Who holds the department's place in the customer's account team; None: anybody of the department.

    Where the department has nobody at all, the playbook's owner: a task nobody sees is lost.
    """
    held = offering.holder(run.customer_id, department, now)
    if held is not None:
        return held
    people = Membership.objects.filter(workspace_id=current_workspace_id(), left_at__isnull=True)
    owner = run.playbook.owner
    if owner is None or owner.left_at is not None or people.filter(department=department).exists():
        return None
    return owner


def _sponsor(customer_id: UUID) -> Contact | None:
    """Whom a draft is for: a sponsor with an address, the one known longest."""
    rows = Contact.objects.filter(customer_id=customer_id, is_sponsor=True).exclude(email="")
    found: Contact | None = rows.order_by("created_at", "pk").first()
    return found


def _values(
    run: PlaybookRun, customer: Customer, owner: Membership | None, sponsor: Contact | None, now: datetime
) -> dict[str, str]:
    workspace = Workspace.objects.get(pk=current_workspace_id())
    language = translation.get_language() or settings.LANGUAGE_CODE
    stage = Stage.objects.filter(key=customer.stage_key).first() if customer.stage_key else None
    known: dict[str, Any] = {
        "customer.name": customer.name,
        "customer.external_id": customer.external_id,
        "customer.stage": stage.label if stage else "",
        "customer.arr": formats.money(customer.arr_minor, workspace.currency, language),
        "customer.renewal_on": formats.day(customer.renewal_on, language) if customer.renewal_on else "",
        "customer.notice_deadline": formats.day(customer.notice_deadline, language) if customer.notice_deadline else "",
        "sponsor.name": sponsor.name if sponsor else "",
        "owner.name": str(owner.user) if owner else "",
        "workspace.name": workspace.name,
        "playbook.name": run.playbook.name,
        "today": formats.day(working.working_days().day_of(now), language),
    }
    told = {f"event.{name}": "" if value is None else str(value) for name, value in run.payload.items()}
    return {**told, **known}
