"""What each kind of step does. Each writes in the caller's transaction and says what it made."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import translation
from django.utils.translation import gettext as _

from accounts import extensions
from accounts.models import Contact, Customer, Membership, Workspace
from accounts.webhooks import deliveries
from csplatform.core import audit, formats
from csplatform.core.ids import parse_uuid
from csplatform.core.tenancy import current_workspace_id
from journeys.models import PeopleShown, PlaybookRun, Stage, Task
from journeys.playbooks import placeholders, whom
from journeys.playbooks.definition import EMAIL, MOVE, SURVEY, TASK, WAIT, WEBHOOK, Step
from journeys.selectors import adoption, working
from journeys.services import moving, offering, tasks
from journeys.services.adoption import following
from journeys.services.tasks import NewTask
from journeys.working_days import WorkingDays

Made = dict[str, str]
SOURCE = "playbook"


def take(step: Step, run: PlaybookRun, *, actor: audit.Actor, now: datetime) -> Made:
    """Carry out ``step`` for the run's customer; returns the ids of what was made. Raises what the services raise."""
    if step.kind in TOGETHER:
        return take_together(step, [run], actor=actor, now=now)[0]
    return _ALONE[step.kind](step, run, actor, now)


def take_together(step: Step, runs: Sequence[PlaybookRun], *, actor: audit.Actor, now: datetime) -> list[Made]:
    """``take`` for any number of runs of one version at ``step``, in their order, in as many queries as for one."""
    return TOGETHER[step.kind](step, runs, actor, now)


def _tasks(step: Step, runs: Sequence[PlaybookRun], actor: audit.Actor, now: datetime) -> list[Made]:
    told = _Telling.of(runs, step, now)
    due_on = told.days.after(told.days.day_of(now), step.days)
    tasks.create(tasks=[_task(step, run, told, due_on) for run in runs], actor=actor, now=now)
    keys = [_task_key(run) for run in runs]
    made = dict(Task.objects.filter(source=SOURCE, source_key__in=keys).values_list("source_key", "pk"))
    return [{"task": str(made[key])} for key in keys]


def _task_key(run: PlaybookRun) -> str:
    return f"{run.pk}:{run.step}"


def _task(step: Step, run: PlaybookRun, told: _Telling, due_on: date) -> NewTask:
    customer = told.customers[run.customer_id]
    owner, sponsor = told.owner(run.customer_id), told.sponsors.get(run.customer_id)
    values = told.values(run)
    is_mail = step.kind == EMAIL
    body = placeholders.render(step.body, values)
    return NewTask(
        title=placeholders.render(step.title, values) or _("Write to %(name)s") % {"name": customer.name},
        body="" if is_mail else body,
        customer_id=customer.pk,
        owner_id=owner.pk if owner else None,
        department=step.owner,
        due_on=due_on,
        source=SOURCE,
        source_key=_task_key(run),
        draft_subject=placeholders.render(step.subject, values) if is_mail else "",
        draft_body=body if is_mail else "",
        contact_id=sponsor.pk if sponsor and is_mail else None,
        cause=cause_of(run),
    )


def cause_of(run: PlaybookRun) -> dict[str, Any]:
    """What events that come out of the run carry, so that playbooks know their own doing."""
    return {"run": str(run.pk), "chain": [*run.chain, str(run.playbook_id)]}


def _move(step: Step, run: PlaybookRun, actor: audit.Actor, now: datetime) -> Made:
    """The move, or the handover it takes. Where the customer is there already, there is nothing to do."""
    told = _Telling.of([run], step, now)
    customer = told.customers[run.customer_id]
    if customer.stage_key == step.stage:
        return {}
    reason = placeholders.render(step.reason, told.values(run))
    answer = moving.move(
        customer_id=customer.pk, stage_key=step.stage, reason=reason[: moving.MAX_REASON], actor=actor, now=now
    )
    if isinstance(answer, moving.Opened):
        return {"relay": str(answer.relay.pk)}
    return {"move": str(answer.move.pk)}


def _webhook(step: Step, run: PlaybookRun, actor: audit.Actor, now: datetime) -> Made:
    """Tell a receiver outside; not of sample data, which is invented."""
    if Workspace.objects.filter(pk=run.workspace_id, sample_since__isnull=False).exists():
        return {"note": _("Nothing was sent: sample data stays inside.")}
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


def _survey(step: Step, run: PlaybookRun, actor: audit.Actor, now: datetime) -> Made:
    """Ask the customer's people, or only whom the event is about.

    The log says how many mails go out, and how many are left alone and why; it names nobody.
    """
    contact_id = _person(run) if step.addressees == whom.PERSON else None
    if step.addressees == whom.PERSON and contact_id is None:
        note = _("Nobody was asked: the event names no person, or people are not shown by name here.")
        return {"survey": step.survey, "note": note}
    for sender in extensions.survey_senders:
        if step.survey in sender.names():
            sent = sender.send(
                survey_id=UUID(step.survey),
                customer_id=run.customer_id,
                addressees=contact_id or step.addressees,
                occasion=run.trigger,
                label=actor.label,
                actor=actor,
                now=now,
            )
            return {"survey": step.survey, "note": sent.note}
    raise ValidationError(_("The survey is not open any more, so nobody was asked."))


def _person(run: PlaybookRun) -> UUID | None:
    """Whom the event is about. None for how somebody uses the product, where people are not shown by name any more."""
    is_use = run.trigger in following.EVENTS.values()
    if is_use and adoption.shown().people != PeopleShown.NAME:
        return None
    return parse_uuid(run.payload.get(whom.CONTACT))


def _wait(step: Step, runs: Sequence[PlaybookRun], actor: audit.Actor, now: datetime) -> list[Made]:
    return [{} for _run in runs]


_ALONE: Mapping[str, Callable[[Step, PlaybookRun, audit.Actor, datetime], Made]] = {
    MOVE: _move,
    WEBHOOK: _webhook,
    SURVEY: _survey,
}
TOGETHER: Mapping[str, Callable[[Step, Sequence[PlaybookRun], audit.Actor, datetime], list[Made]]] = {
    TASK: _tasks,
    EMAIL: _tasks,
    WAIT: _wait,
}
"""Steps that lock nothing and refuse nothing, so that many runs may take theirs in one transaction."""


@dataclass(frozen=True, slots=True)
class _Telling:
    """What the texts of a step are filled from, read once for all its runs."""

    now: datetime
    workspace: Workspace
    language: str
    days: WorkingDays
    customers: Mapping[UUID, Customer]
    stages: Mapping[str, str]
    sponsors: Mapping[UUID, Contact]
    held: Mapping[UUID, Membership]
    stand_in: Membership | None

    @classmethod
    def of(cls, runs: Sequence[PlaybookRun], step: Step, now: datetime) -> _Telling:
        """Raises ``Customer.DoesNotExist`` when one of the customers is gone."""
        ids = {run.customer_id for run in runs}
        customers = Customer.objects.in_bulk(ids)
        if len(customers) < len(ids):
            raise Customer.DoesNotExist
        return cls(
            now=now,
            workspace=Workspace.objects.get(pk=current_workspace_id()),
            language=translation.get_language() or settings.LANGUAGE_CODE,
            days=working.working_days(),
            customers=customers,
            stages={stage.key: stage.label for stage in Stage.objects.all()},
            sponsors=_sponsors(ids) if step.kind == EMAIL or "sponsor." in step.title + step.body else {},
            held=offering.holders(ids, step.owner, now) if step.owner else {},
            stand_in=_stand_in(runs[0].playbook.owner, step.owner) if step.owner else None,
        )

    def owner(self, customer_id: UUID) -> Membership | None:
        """Who holds the department's place in the customer's account team; None: anybody of the department.

        Where the department has nobody at all, the playbook's owner: a task nobody sees is lost.
        """
        return self.held.get(customer_id) or self.stand_in

    def values(self, run: PlaybookRun) -> dict[str, str]:
        """Placeholder → what stands for it in this run."""
        customer, owner = self.customers[run.customer_id], self.owner(run.customer_id)
        sponsor = self.sponsors.get(run.customer_id)
        known: dict[str, Any] = {
            "customer.name": customer.name,
            "customer.external_id": customer.external_id,
            "customer.stage": self.stages.get(customer.stage_key, ""),
            "customer.arr": formats.money(customer.arr_minor, self.workspace.currency, self.language),
            "customer.renewal_on": self._day(customer.renewal_on),
            "customer.notice_deadline": self._day(customer.notice_deadline),
            "sponsor.name": sponsor.name if sponsor else "",
            "owner.name": str(owner.user) if owner else "",
            "workspace.name": self.workspace.name,
            "playbook.name": run.playbook.name,
            "today": self._day(self.days.day_of(self.now)),
        }
        told = {f"event.{name}": "" if value is None else str(value) for name, value in run.payload.items()}
        return {**told, **known}

    def _day(self, day: date | None) -> str:
        return formats.day(day, self.language) if day else ""


def _stand_in(owner: Membership | None, department: str) -> Membership | None:
    people = Membership.objects.filter(workspace_id=current_workspace_id(), left_at__isnull=True)
    if owner is None or owner.left_at is not None or people.filter(department=department).exists():
        return None
    return owner


def _sponsors(customer_ids: Collection[UUID]) -> dict[UUID, Contact]:
    """Whom a draft is for at each customer: a sponsor with an address, the one known longest."""
    rows = Contact.objects.filter(customer_id__in=customer_ids, is_sponsor=True).exclude(email="")
    first = rows.order_by("customer_id", "created_at", "pk").distinct("customer_id")
    return {contact.customer_id: contact for contact in first if contact.customer_id is not None}
