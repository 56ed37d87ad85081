"""The account team: who holds which role at a customer on a day, and the column lists read it from."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db.models import F, OuterRef, Q, Subquery

from accounts.models import AccountTeamMember, Customer, Membership
from accounts.models.customers import TeamRole
from csplatform.core import audit
from csplatform.core.tenancy import current_workspace_id


def holding_on(day: date) -> Q:
    """Team rows in force on ``day``; ``until`` is the first day without."""
    return Q(since__lte=day) & (Q(until__isnull=True) | Q(until__gt=day))


def refresh_csm(customer_ids: Collection[UUID], *, day: date, now: datetime) -> int:
    """Set ``Customer.csm`` to who is CSM on ``day``: a covering colleague before the one covered for.

    Returns how many customers changed hands. Call it after every change of the account team.
    """
    holder = (
        AccountTeamMember.objects.filter(holding_on(day), customer=OuterRef("pk"), role=TeamRole.CSM)
        .order_by(F("covers_for").asc(nulls_last=True), "-since", "-id")
        .values("member")[:1]
    )
    changed = (
        Customer.objects.filter(pk__in=customer_ids)
        .annotate(holder=Subquery(holder))
        .filter(~Q(csm=F("holder")) | Q(csm__isnull=True, holder__isnull=False) | Q(csm__isnull=False, holder=None))
    )
    count: int = changed.update(csm=Subquery(holder), version=F("version") + 1, updated_at=now)
    return count


@dataclass(frozen=True, slots=True)
class Place:
    """A member's place in a customer's account team from ``since`` on."""

    customer_id: UUID
    role: TeamRole
    member: Membership
    since: date


def fill(*, customer_id: UUID, role: TeamRole, member: Membership, actor: audit.Actor, now: datetime) -> bool:
    """Give ``member`` the place ``role`` in the customer's account team where nobody holds it; says whether it did."""
    return fill_many(places=[Place(customer_id, role, member, now.date())], actor=actor, now=now) == 1


def fill_many(*, places: Sequence[Place], actor: audit.Actor, now: datetime) -> int:
    """Give each member its place where nobody holds it on that day or later; returns how many were given.

    Of two for one place the first has it.
    """
    ids = {place.customer_id for place in places}
    if not ids:
        return 0
    held: dict[tuple[UUID, str], list[AccountTeamMember]] = {}
    for row in AccountTeamMember.objects.filter(customer_id__in=ids):
        held.setdefault((row.customer_id, row.role), []).append(row)
    given: list[tuple[Place, AccountTeamMember]] = []
    for place in places:
        holders = held.setdefault((place.customer_id, place.role), [])
        if any(row.until is None or row.until > place.since for row in holders):
            continue
        made = AccountTeamMember(
            workspace_id=current_workspace_id(),
            customer_id=place.customer_id,
            member=place.member,
            role=place.role,
            since=place.since,
        )
        holders.append(made)
        given.append((place, made))
    AccountTeamMember.objects.bulk_create([row for _place, row in given], batch_size=2_000)
    csm_of = [place.customer_id for place, _row in given if place.role == TeamRole.CSM]
    if csm_of:
        refresh_csm(csm_of, day=now.date(), now=now)
    for role, member_id in sorted({(str(place.role), place.member.pk) for place, _row in given}):
        mine = [row for _place, row in given if (row.role, row.member_id) == (role, member_id)]
        data = {"role": role, "member_id": str(member_id)}
        if len(mine) == 1:
            data["customer_id"] = str(mine[0].customer_id)
        label, rows = AccountTeamMember._meta.label_lower, [row.pk for row in mine]
        audit.record_for(actor=actor, action="account_team.filled", label=label, ids=rows, data=data, now=now)
    return len(given)
