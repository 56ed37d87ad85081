"""Shocks: declared on a filter, frozen to its customers, worked by a task force, closed with what was learnt."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts import segments, values
from accounts.models import Customer, Membership
from accounts.services import writing
from csplatform.core import audit, outbox
from csplatform.core.ids import uuid7
from csplatform.core.tenancy import current_workspace_id
from journeys.models import Shock, ShockCustomer, ShockMember, ShockState
from journeys.services import tasks
from journeys.services.tasks import NewTask

MAX_NAME = 200
MAX_TEXT = 5_000
MOST_TASKS = 5_000
SOURCE = "shock"


@transaction.atomic
def declare(
    *,
    name: str,
    definition: object,
    actor: audit.Actor,
    now: datetime,
    note: str = "",
    struck_on: date | None = None,
    external_id: str = "",
) -> Shock:
    """Declare a shock on everybody the filter finds now. Customers that match later are not part of it.

    News: ``shock.declared`` once and ``shock.customer_exposed`` for each customer, to which playbooks listen. Raises
    ``ValidationError`` by field.
    """
    if external_id and Shock.objects.filter(external_id=external_id).exists():
        writing.taken()
    found, told = _checked(name, note, definition, struck_on, now)
    exposed = Customer.objects.filter(segments.condition(found, now=now)).exclude(contract_state="churned")
    rows = list(exposed.values_list("pk", "arr_minor", "health__band", "health__points").order_by("pk"))
    if not rows:
        raise ValidationError({"definition": [_("The filter finds no customer: nobody is exposed.")]})
    shock = Shock.objects.create(
        workspace_id=current_workspace_id(),
        external_id=external_id or f"shock-{uuid7()}",
        definition=found.as_json(),
        words=segments.explain(found),
        struck_on=struck_on or now.date(),
        declared_at=now,
        declared_by_label=actor.label[:200],
        **told,
    )
    ShockCustomer.objects.bulk_create(
        (
            ShockCustomer(
                workspace_id=shock.workspace_id,
                shock=shock,
                customer_id=pk,
                arr_minor=arr,
                band=band or "",
                points=points,
            )
            for pk, arr, band, points in rows
        ),
        batch_size=2_000,
    )
    data = {"name": shock.name, "definition": shock.definition, "customers": len(rows)}
    audit.record(actor=actor, action="shock.declared", subject=shock, data=data, now=now)
    arr_minor = sum(row[1] for row in rows)
    outbox.publish_many(
        workspace_id=shock.workspace_id,
        events=[
            ("shock.declared", {"shock_id": str(shock.pk), "customers": len(rows), "arr_minor": arr_minor}),
            *(("shock.customer_exposed", {"shock_id": str(shock.pk), "customer_id": str(row[0])}) for row in rows),
        ],
        now=now,
    )
    return shock


@transaction.atomic
def enlist(*, shock_id: UUID, member: Membership, part: str, actor: audit.Actor, now: datetime) -> ShockMember:
    """Take a member into the task force, or change their part. Raises ``Shock.DoesNotExist``, ``ValidationError``."""
    shock = _running(shock_id)
    if member.workspace_id != shock.workspace_id or member.left_at is not None:
        raise ValidationError({"member": [_("This is no member of the workspace.")]})
    told = {"part": _text(part, "part", 120)}
    made, _is_new = ShockMember.objects.update_or_create(
        workspace_id=shock.workspace_id,
        shock=shock,
        member=member,
        defaults=told,
        create_defaults={**told, "joined_at": now},
    )
    data = {"member": str(member.user), **told}
    audit.record(actor=actor, action="shock.member_joined", subject=shock, data=data, now=now)
    return made


@transaction.atomic
def let_go(*, shock_id: UUID, member_id: UUID, actor: audit.Actor, now: datetime) -> None:
    """Take somebody out of the task force. Raises ``Shock.DoesNotExist``, ``ShockMember.DoesNotExist``."""
    shock = _running(shock_id)
    member = ShockMember.objects.select_related("member__user").get(shock=shock, member_id=member_id)
    data = {"member": str(member.member.user)}
    audit.record(actor=actor, action="shock.member_left", subject=shock, data=data, now=now)
    member.delete()


@transaction.atomic
def give_tasks(*, shock_id: UUID, title: str, due_on: date | None, actor: audit.Actor, now: datetime) -> int:
    """A task of this title for every exposed customer, its CSM's; the same title again makes none twice.

    Returns how many were made. Raises ``Shock.DoesNotExist``, ``ValidationError`` (``title``).
    """
    shock = _running(shock_id)
    title = _text(title, "title", 200)
    if not title:
        raise ValidationError({"title": [_("Say what is to be done.")]})
    rows = ShockCustomer.objects.filter(shock=shock).order_by("-arr_minor", "id")
    if rows.count() > MOST_TASKS:
        most = {"n": MOST_TASKS}
        raise ValidationError({"title": [_("More than %(n)d tasks at once; run a playbook on them instead.") % most]})
    made = tasks.create(
        tasks=[
            NewTask(
                title=title,
                customer_id=customer,
                owner_id=csm,
                department="" if csm else "customer_success",
                due_on=due_on,
                source=SOURCE,
                source_key=f"{shock.pk}:{customer}:{title}"[:200],
            )
            for customer, csm in rows.values_list("customer_id", "customer__csm_id")
        ],
        actor=actor,
        now=now,
    )
    return len(made)


@transaction.atomic
def close(
    *, shock_id: UUID, lesson: str, actor: audit.Actor, now: datetime, expected_version: int | None = None
) -> Shock:
    """End it with what was learnt. Raises ``Shock.DoesNotExist``, ``StaleVersionError``, ``ValidationError``."""
    shock = _running(shock_id)
    writing.require_version(shock, expected_version)
    shock.lesson = _text(lesson, "lesson", MAX_TEXT)
    if not shock.lesson:
        raise ValidationError({"lesson": [_("Say in a few words what was learnt; the report shows it.")]})
    shock.state, shock.closed_at, shock.closed_by_label = ShockState.CLOSED, now, actor.label[:200]
    shock.version += 1
    shock.save(update_fields=["state", "closed_at", "closed_by_label", "lesson", "version"])
    audit.record(actor=actor, action="shock.closed", subject=shock, now=now)
    outbox.publish(workspace_id=shock.workspace_id, name="shock.closed", payload={"shock_id": str(shock.pk)}, now=now)
    return shock


def _running(shock_id: UUID) -> Shock:
    shock: Shock = Shock.objects.select_for_update().get(pk=shock_id)
    if shock.state != ShockState.RUNNING:
        raise ValidationError({"__all__": [_("This shock is closed; nothing about it changes any more.")]})
    return shock


def _checked(
    name: str, note: str, definition: object, struck_on: date | None, now: datetime
) -> tuple[segments.Filter, dict[str, str]]:
    told = {"name": " ".join(_text(name, "name", MAX_NAME).split()), "note": _text(note, "note", MAX_TEXT)}
    if not told["name"]:
        raise ValidationError({"name": [_("Give it a name people will recognise.")]})
    if struck_on is not None and struck_on > now.date():
        raise ValidationError({"struck_on": [_("This day lies in the future.")]})
    try:
        found = segments.parse(definition)
    except segments.SegmentError as error:
        raise ValidationError(
            {"definition": [f"{path}: {said}" if path else said for path, said in error.problems]}
        ) from error
    if found.is_everybody:
        raise ValidationError({"definition": [_("Say who was hit: there is no filter.")]})
    return found, told


def _text(value: str, field: str, limit: int) -> str:
    try:
        return values.text(value, limit=limit)
    except ValueError as error:
        raise ValidationError({field: [str(error)]}) from error
