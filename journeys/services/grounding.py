"""What grounded a boomerang: asked of the account team when a customer churns, and named by somebody."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _
from django.utils.translation import override

from accounts.models import AccountTeamMember, Customer, Membership, Workspace
from accounts.models.customers import TeamRole
from accounts.roles import Department
from accounts.services.team import holding_on
from csplatform.core import audit, outbox
from csplatform.core.tenancy import current_workspace_id
from journeys.models import Force, Move, MoveKind, Task, TaskState
from journeys.services import tasks
from journeys.services.tasks import NewTask

SOURCE = "churn"
ANSWER_DAYS = 5
MAX_NOTE = 500


def announce(churns: Sequence[Move], now: datetime) -> None:
    """Publish that these customers have churned, and ask each one's account team why, once per churn."""
    if not churns:
        return
    outbox.publish_many(
        workspace_id=current_workspace_id(),
        events=[
            (
                "customer.churned",
                {
                    "customer_id": str(churn.customer_id),
                    "move_id": str(churn.pk),
                    "churned_on": churn.occurred_on.isoformat(),
                },
            )
            for churn in churns
        ],
        now=now,
    )
    names = dict(Customer.objects.filter(pk__in=[c.customer_id for c in churns]).values_list("id", "name"))
    owners = askable(list(names), now)
    with override(Workspace.objects.get(pk=current_workspace_id()).locale):
        asked = [
            NewTask(
                title=_("Why did %(customer)s leave?") % {"customer": names[churn.customer_id]},
                body=_("Its last paid subscription ended on %(day)s. Name the reason on its journey page.")
                % {"day": churn.occurred_on.isoformat()},
                customer_id=churn.customer_id,
                owner_id=owners.get(churn.customer_id),
                department=Department.CUSTOMER_SUCCESS,
                due_on=now.date() + timedelta(days=ANSWER_DAYS),
                source=SOURCE,
                source_key=_source_key(churn),
            )
            for churn in churns
        ]
    tasks.create(tasks=asked, actor=audit.SYSTEM, now=now)


@transaction.atomic
def ground(
    *,
    customer_id: UUID,
    force: str,
    note: str = "",
    actor: audit.Actor,
    now: datetime,
    by: Membership | None = None,
    churned_on: date | None = None,
) -> Move:
    """Name the force of a customer's latest churn (or the one of ``churned_on``); what was named before is audited.

    Raises ``Customer.DoesNotExist``, and ``ValidationError`` by field: also for a customer that never churned,
    because a churn follows from its subscriptions and cannot be said.
    """
    Customer.objects.select_for_update(of=("self",), no_key=True).get(pk=customer_id)
    if force not in Force.values:
        known = ", ".join(Force.values)
        raise ValidationError({"force": [_("“%(force)s” is none of: %(known)s.") % {"force": force, "known": known}]})
    if len(note) > MAX_NOTE or "\0" in note:
        raise ValidationError({"note": [_("Expected plain text of at most %(most)d characters.") % {"most": MAX_NOTE}]})
    churns = Move.objects.filter(customer_id=customer_id, kind=MoveKind.CHURNED).order_by("-number")
    churn = next((each for each in churns if churned_on in (None, each.occurred_on)), None)
    if churn is None and churns:
        known = ", ".join(each.occurred_on.isoformat() for each in churns)
        raise ValidationError({"occurred_on": [_("This customer churned on: %(known)s.") % {"known": known}]})
    if churn is None:
        raise ValidationError({"force": [_("This customer has not churned: a churn follows from its subscriptions.")]})
    if (churn.force, churn.force_note) == (force, note):
        return churn
    before = {"force": churn.force, "note": churn.force_note}
    churn.force, churn.force_note, churn.force_by, churn.force_at = force, note, by, now
    churn.save(update_fields=["force", "force_note", "force_by", "force_at"])
    told = {"customer_id": str(customer_id), "move_id": str(churn.pk), "force": force}
    audit.record(actor=actor, action="churn.explained", subject=churn, data={**told, "before": before}, now=now)
    outbox.publish(workspace_id=churn.workspace_id, name="churn.explained", payload=told, now=now)
    _answered(churn, actor, now)
    return churn


def _answered(churn: Move, actor: audit.Actor, now: datetime) -> None:
    """The question is answered: nobody need do the task any more."""
    Task.objects.filter(source=SOURCE, source_key=_source_key(churn), state=TaskState.OPEN).update(
        state=TaskState.DONE,
        result=str(Force(churn.force).label),
        finished_at=now,
        finished_by_label=actor.label[:200],
        version=F("version") + 1,
    )


def _source_key(churn: Move) -> str:
    return f"{churn.customer_id}:{churn.occurred_on.isoformat()}"


def askable(customer_ids: Sequence[UUID], now: datetime) -> dict[UUID, UUID]:
    """Whom to ask at each customer: its CSM, else somebody else of the account team who is still here."""
    team = AccountTeamMember.objects.filter(
        holding_on(now.date()), customer_id__in=customer_ids, member__left_at__isnull=True
    )
    found: dict[UUID, UUID] = {}
    for customer_id, role, member_id in team.order_by("-since", "-id").values_list("customer_id", "role", "member_id"):
        if role == TeamRole.CSM or customer_id not in found:
            found[customer_id] = member_id
    return found
