"""Portfolio hand-over: customers change hands for good (departure) or for a while (leave)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, QuerySet, Sum
from django.utils.translation import gettext_lazy as _

from accounts.models import AccountTeamMember, Customer, Membership
from accounts.models.customers import TeamRole
from accounts.services import team
from csplatform.core import audit
from csplatform.core.tenancy import current_workspace_id, workspace_scope

_BATCH = 2_000
_NAMED = 12


class Kind(models.TextChoices):
    DEPARTURE = "departure", _("For good")
    LEAVE = "leave", _("For a while, until a day")


@dataclass(frozen=True, slots=True)
class Preview:
    """What a hand-over would move. ``arr_minor`` is the customers' ARR in minor units of the workspace's currency."""

    customers: int
    arr_minor: int
    roles: dict[str, int]
    names: list[str]


def preview(*, from_member: Membership, roles: Collection[str] | None, customers: Collection[UUID] | None) -> Preview:
    """What ``hand_over`` with the same arguments would move; changes nothing."""
    with workspace_scope(from_member.workspace_id):
        rows = _held(from_member, roles, customers)
        counts = Counter(rows.values_list("role", flat=True))
        moved = Customer.objects.filter(pk__in=rows.values("customer"))
        total = moved.aggregate(arr=Sum("arr_minor"))["arr"] or 0
        names = list(moved.order_by("-arr_minor", "name_sort", "id").values_list("name", flat=True)[:_NAMED])
        return Preview(moved.count(), total, dict(counts), names)


def hand_over(
    *,
    from_member: Membership,
    to_member: Membership,
    roles: Collection[str] | None,
    customers: Collection[UUID] | None,
    kind: Kind,
    until: date | None,
    actor: audit.Actor,
    now: datetime,
) -> int:
    """Move ``from_member``'s places in account teams to ``to_member``; returns how many customers moved.

    ``roles`` and ``customers`` None: all of them. A departure is for good: the old places end today, new ones begin,
    and what ``from_member`` covers for others is covered on. On leave the places stay ``from_member``'s and
    ``to_member`` covers them up to ``until``, the day of the return. Days are UTC.

    Raises ``ValidationError`` naming ``to_member``, ``roles`` or ``until``.
    """
    day = now.astimezone(UTC).date()
    check(from_member=from_member, to_member=to_member, roles=roles, kind=kind, until=until, now=now)
    with workspace_scope(from_member.workspace_id):
        rows = list(_held(from_member, roles, customers).select_for_update(of=("self",), no_key=True))
        if kind == Kind.LEAVE:
            _cover(rows, from_member, to_member, until, day)
        else:
            _end(rows, day)
            _begin(rows, to_member, since=day, until=None, covers_for=None)
            _pass_covers_on(from_member, to_member, roles, customers, day)
        moved = sorted({row.customer_id for row in rows})
        team.refresh_csm(_touched(moved, from_member, to_member), day=day, now=now)
        data = {
            "from": str(from_member.user),
            "to": str(to_member.user),
            "kind": str(kind),
            "until": until.isoformat() if until else None,
        }
        audit.record(
            actor=actor,
            action="portfolio.handed_over",
            subject=from_member,
            data={**data, "customers": len(moved), "roles": dict(Counter(row.role for row in rows))},
            now=now,
        )
        audit.record_for(
            actor=actor, action="customer.handed_over", label="accounts.customer", ids=moved, data=data, now=now
        )
    return len(moved)


def end_leave(*, member: Membership, actor: audit.Actor, now: datetime) -> int:
    """``member`` is back before the planned day: every cover for them ends today. Returns how many places return."""
    day = now.astimezone(UTC).date()
    with workspace_scope(member.workspace_id):
        rows = list(AccountTeamMember.objects.filter(team.holding_on(day), covers_for=member))
        _end(rows, day)
        team.refresh_csm({row.customer_id for row in rows}, day=day, now=now)
        if rows:
            audit.record(actor=actor, action="portfolio.returned", subject=member, data={"places": len(rows)}, now=now)
    return len(rows)


def return_due(*, now: datetime) -> int:
    """In the active workspace, give customers whose cover has run out back; returns how many. Idempotent."""
    day = now.astimezone(UTC).date()
    over = AccountTeamMember.objects.filter(
        covers_for__isnull=False, role=TeamRole.CSM, until__lte=day, customer__csm=F("member")
    )
    return team.refresh_csm(set(over.values_list("customer_id", flat=True)), day=day, now=now)


def vacate(*, member: Membership, actor: audit.Actor, now: datetime) -> int:
    """End every place ``member`` still holds or covers, without a successor; returns how many."""
    day = now.astimezone(UTC).date()
    with workspace_scope(member.workspace_id):
        rows = list(AccountTeamMember.objects.filter(team.holding_on(day), member=member))
        rows += list(AccountTeamMember.objects.filter(team.holding_on(day), covers_for=member).exclude(member=member))
        _end(rows, day)
        team.refresh_csm({row.customer_id for row in rows}, day=day, now=now)
        if rows:
            audit.record(actor=actor, action="portfolio.vacated", subject=member, data={"places": len(rows)}, now=now)
    return len(rows)


def check(
    *,
    from_member: Membership,
    to_member: Membership,
    roles: Collection[str] | None,
    kind: Kind,
    until: date | None,
    now: datetime,
) -> None:
    """Raise ``ValidationError`` naming what makes no sense about a hand-over with these arguments."""
    day = now.astimezone(UTC).date()
    if from_member.pk == to_member.pk:
        raise ValidationError({"to_member": _("Choose somebody else.")})
    if to_member.workspace_id != from_member.workspace_id or to_member.left_at is not None:
        raise ValidationError({"to_member": _("Choose a present member of this workspace.")})
    if roles is not None and (not roles or set(roles) - set(TeamRole.values)):
        raise ValidationError({"roles": _("Choose at least one role of the account team.")})
    if kind == Kind.LEAVE and (until is None or until <= day):
        raise ValidationError({"until": _("Say the day of the return; it must be after today.")})
    if kind == Kind.DEPARTURE and until is not None:
        raise ValidationError({"until": _("A hand-over for good has no return.")})


def _held(
    member: Membership, roles: Collection[str] | None, customers: Collection[UUID] | None
) -> QuerySet[AccountTeamMember]:
    """The places that are ``member``'s own, not those covered for others."""
    rows = AccountTeamMember.objects.filter(member=member, until__isnull=True)
    if roles is not None:
        rows = rows.filter(role__in=roles)
    if customers is not None:
        rows = rows.filter(customer__in=customers)
    return rows.order_by("id")


def _end(rows: Sequence[AccountTeamMember], day: date) -> None:
    ids = [row.pk for row in rows]
    AccountTeamMember.objects.filter(pk__in=ids).update(until=day)


def _begin(
    rows: Sequence[AccountTeamMember],
    to_member: Membership,
    *,
    since: date,
    until: date | None,
    covers_for: Membership | None,
) -> None:
    AccountTeamMember.objects.bulk_create(
        (
            AccountTeamMember(
                workspace_id=current_workspace_id(),
                customer_id=row.customer_id,
                role=row.role,
                member=to_member,
                since=since,
                until=until,
                covers_for=covers_for,
            )
            for row in rows
        ),
        batch_size=_BATCH,
    )


def _cover(
    rows: Sequence[AccountTeamMember], from_member: Membership, to_member: Membership, until: date | None, day: date
) -> None:
    """A new cover replaces an earlier one for the same places."""
    places = {(row.customer_id, row.role) for row in rows}
    earlier = AccountTeamMember.objects.filter(team.holding_on(day), covers_for=from_member)
    _end([row for row in earlier if (row.customer_id, row.role) in places], day)
    _begin(rows, to_member, since=day, until=until, covers_for=from_member)


def _pass_covers_on(
    from_member: Membership,
    to_member: Membership,
    roles: Collection[str] | None,
    customers: Collection[UUID] | None,
    day: date,
) -> None:
    """Covers for somebody who hands over for good end; what they cover for others, their successor covers on."""
    concerned = AccountTeamMember.objects.filter(team.holding_on(day), covers_for__isnull=False)
    if roles is not None:
        concerned = concerned.filter(role__in=roles)
    if customers is not None:
        concerned = concerned.filter(customer__in=customers)
    _end(list(concerned.filter(covers_for=from_member)), day)
    covering = list(concerned.filter(member=from_member).select_related("covers_for"))
    _end(covering, day)
    for row in covering:
        if row.covers_for_id != to_member.pk:
            _begin([row], to_member, since=day, until=row.until, covers_for=row.covers_for)


def _touched(moved: Collection[UUID], from_member: Membership, to_member: Membership) -> set[UUID]:
    """The customers whose CSM may have changed, those covered for others included."""
    covered = Customer.objects.filter(csm__in=[from_member, to_member]).values_list("pk", flat=True)
    return {*moved, *covered}
