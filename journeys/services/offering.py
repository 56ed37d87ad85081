"""Opening handovers, and closing those that a move has overtaken."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import F
from django.utils.translation import gettext as _

from accounts import extensions
from accounts.models import AccountTeamMember, Customer, Membership
from accounts.models.customers import TeamRole
from accounts.roles import Department
from accounts.services import team
from csplatform.core import audit, outbox
from csplatform.core.tenancy import current_workspace_id
from journeys.models import Lap, Relay, RelayItem, RelayState, RelayTemplate, RelayTemplateItem, Stage
from journeys.selectors import journey, plan, working

TEAM_ROLE: Mapping[str, TeamRole] = {
    Department.MARKETING: TeamRole.MARKETING,
    Department.SALES: TeamRole.SALES,
    Department.CUSTOMER_SUCCESS: TeamRole.CSM,
    Department.SUPPORT: TeamRole.SUPPORT,
    Department.PRODUCT: TeamRole.PRODUCT,
    Department.FINANCE: TeamRole.FINANCE,
    Department.MANAGEMENT: TeamRole.EXECUTIVE,
}
"""Which place in the account team a department has."""


def open_relay(
    *,
    customer: Customer,
    target: Stage,
    template: RelayTemplate,
    reason: str,
    actor: audit.Actor,
    now: datetime,
    by: Membership | None = None,
    taker: Membership | None = None,
    note: str = "",
    external_id: str | None = None,
    reoffers: Relay | None = None,
) -> Relay:
    """Offer the customer to the template's taker department, in the transaction of a caller that holds the customer.

    Without ``taker``, whoever of ours holds the department's place in the account team is asked; nobody there, or
    somebody who left: the department. A new offer keeps the ticks of the one it follows. Due by the working days of
    the workspace; the customer's open outcomes are carried along as they read now.
    """
    items = RelayTemplateItem.objects.filter(template=template)
    return offer(
        customer=customer,
        target=target,
        giver_department=template.giver_department,
        taker_department=template.taker_department,
        due_working_days=template.due_working_days,
        items=[(item.text, item.required) for item in items],
        reason=reason,
        actor=actor,
        now=now,
        by=by,
        taker=taker,
        note=note,
        external_id=external_id,
        reoffers=reoffers,
    )


def offer(
    *,
    customer: Customer,
    target: Stage,
    giver_department: str,
    taker_department: str,
    due_working_days: int,
    items: Collection[tuple[str, bool]],
    reason: str,
    actor: audit.Actor,
    now: datetime,
    by: Membership | None,
    taker: Membership | None,
    note: str = "",
    external_id: str | None = None,
    reoffers: Relay | None = None,
) -> Relay:
    """``open_relay`` with everything told: ``items`` as (text, required)."""
    if taker is not None and taker.left_at is not None:
        taker = None
    last = journey.last_move(customer.pk)
    taker = taker or holder(customer.pk, taker_department, now)
    relay: Relay = Relay.objects.create(
        workspace_id=customer.workspace_id,
        external_id=external_id,
        customer=customer,
        lap=Lap.objects.filter(customer=customer, ended_on__isnull=True).first(),
        from_stage=last.stage if last else None,
        to_stage=target,
        giver_department=giver_department,
        giver=by,
        taker_department=taker_department,
        taker=taker,
        reason=reason,
        note=note,
        promises=plan.promises_of(customer.pk, day=now.date(), known_by=now),
        offered_at=now,
        due_at=working.working_days().due(now, due_working_days),
        reoffers=reoffers,
        known_at=now,
        recorded_at=now,
    )
    done = {item.text: item for item in reoffers.items.all() if item.done_at} if reoffers else {}
    RelayItem.objects.bulk_create(
        RelayItem(
            workspace_id=customer.workspace_id,
            relay=relay,
            position=position,
            text=text,
            required=required,
            done_at=done[text].done_at if text in done else None,
            done_by_label=done[text].done_by_label if text in done else "",
        )
        for position, (text, required) in enumerate(items)
    )
    told(relay, "offered", actor=actor, now=now, data={"taker": str(taker.user) if taker else None})
    return relay


def holder(customer_id: UUID, department: str, now: datetime) -> Membership | None:
    """Who of us holds the department's place in the customer's account team now; a covering colleague goes first."""
    return holders([customer_id], department, now).get(customer_id)


def holders(customer_ids: Collection[UUID], department: str, now: datetime) -> Mapping[UUID, Membership]:
    """``holder`` for any number of customers, by customer; those where nobody holds the place are left out."""
    rows = AccountTeamMember.objects.filter(
        team.holding_on(now.date()),
        customer_id__in=customer_ids,
        role=TEAM_ROLE[department],
        member__left_at__isnull=True,
    ).select_related("member__user")
    first = rows.order_by("customer_id", F("covers_for").asc(nulls_last=True), "-since", "-id").distinct("customer_id")
    return {row.customer_id: row.member for row in first}


def overtake(*, customer_ids: Collection[UUID], actor: audit.Actor, now: datetime, keep: UUID | None = None) -> int:
    """Withdraw what waits for these customers, because they moved on without it; ``keep``: the one being accepted.

    In the caller's transaction, which holds the customers. Returns how many were withdrawn.
    """
    waiting = Relay.objects.filter(customer_id__in=customer_ids, state=RelayState.OFFERED)
    if keep is not None:
        waiting = waiting.exclude(pk=keep)
    rows = list(waiting.select_related("from_stage", "to_stage").order_by("id"))
    for relay in rows:
        close(relay, RelayState.WITHDRAWN, actor=actor, now=now, reason=_("The customer was moved without it."))
    return len(rows)


def close(relay: Relay, state: RelayState, *, actor: audit.Actor, now: datetime, reason: str = "") -> None:
    """Write the decision about an open handover, its audit line and its news."""
    relay.state = state
    relay.known_at = max(now, relay.known_at)
    relay.decided_at = now
    relay.decided_by_label = actor.label[:200]
    relay.decline_reason = reason
    relay.version += 1
    relay.save()
    told(relay, str(state), actor=actor, now=now, data={"reason": reason} if reason else {})


def facts_of(relay: Relay) -> dict[str, str | None]:
    """What the news of a handover carry."""
    return {
        "relay_id": str(relay.pk),
        "customer_id": str(relay.customer_id),
        "from_stage": relay.from_stage.key if relay.from_stage else None,
        "to_stage": relay.to_stage.key,
        "giver_department": relay.giver_department,
        "taker_department": relay.taker_department,
        "move_id": str(relay.move_id) if relay.move_id else None,
    }


def told(relay: Relay, verb: str, *, actor: audit.Actor, now: datetime, data: Mapping[str, Any]) -> None:
    """The audit line and the news ``relay.<verb>``, and a new score; ``data`` is for the audit line only."""
    facts = facts_of(relay)
    audit.record(actor=actor, action=f"relay.{verb}", subject=relay, data={**facts, **data}, now=now)
    outbox.publish(workspace_id=current_workspace_id(), name=f"relay.{verb}", payload=facts, now=now)
    extensions.notify_changed([relay.customer_id], now)
