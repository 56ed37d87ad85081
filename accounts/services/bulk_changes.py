"""One change to many customers: seen before it is made, and undone for a while after."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import values
from accounts.models import BulkChange, BulkKind, Customer, Membership
from accounts.services import bulk, owners
from csplatform.core import audit
from csplatform.core.tenancy import current_workspace_id

MAX_CUSTOMERS = 10_000
UNDO_FOR = timedelta(minutes=10)
MAX_TAGS = 50


def tag_of(text: str) -> str:
    """``text`` as one tag; raises ``ValidationError`` (``value``) when it is none or several."""
    try:
        tags = values.tags(text)
    except ValueError as error:
        raise ValidationError({"value": str(error)}) from error
    if len(tags) != 1:
        raise ValidationError({"value": _("Name exactly one tag.")})
    return tags[0]


@transaction.atomic
def make(
    *, kind: BulkKind, value: str, customer_ids: Sequence[UUID], by: Membership, actor: audit.Actor, now: datetime
) -> BulkChange:
    """Change the customers and keep what they had before; those already so are left alone.

    ``value``: the tag, or the membership id of the new CSM (empty: nobody). Raises ``ValidationError`` by
    field (``value``, ``customers``).
    """
    if len(customer_ids) > MAX_CUSTOMERS:
        raise ValidationError(
            {
                "customers": ngettext(
                    "At most %(n)d customer at a time.", "At most %(n)d customers at a time.", MAX_CUSTOMERS
                )
                % {"n": MAX_CUSTOMERS}
            }
        )
    rows = _locked(customer_ids)
    if kind == BulkKind.ASSIGN:
        before = _assign(rows, value, now)
    else:
        value = tag_of(value)
        before = _tag(rows, value, now, add=kind == BulkKind.TAG)
    change = BulkChange.objects.create(
        workspace_id=current_workspace_id(), kind=kind, value=value, before=before, made_by=by, made_at=now
    )
    _audit(change, f"customer.bulk_{_PAST[kind]}", before, actor, now)
    return change


@transaction.atomic
def undo(*, change_id: UUID, by: Membership, actor: audit.Actor, now: datetime) -> tuple[int, int]:
    """Give the customers back what they had, where nobody changed it again since.

    Returns how many were restored and how many were left alone. Raises ``BulkChange.DoesNotExist`` for a change of
    somebody else, ``ValidationError`` when it is undone already or too old.
    """
    change = BulkChange.objects.select_for_update(of=("self",)).get(pk=change_id, made_by=by)
    if change.undone_at is not None:
        raise ValidationError(_("This change has been undone already."))
    if now - change.made_at > UNDO_FOR:
        raise ValidationError(_("A change can be undone for ten minutes; these have passed."))
    rows = _locked([UUID(key) for key in change.before])
    if change.kind == BulkKind.ASSIGN:
        held = owners.current(row.pk for row in rows)
        made = UUID(change.value) if change.value else None
        same = [row for row in rows if held.get(row.pk) == made]
        owners.set_owners({row.pk: _uuid(change.before[str(row.pk)]) for row in same}, now=now)
    else:
        adds = change.kind == BulkKind.TAG
        same = [row for row in rows if (change.value in row.tags) == adds]
        for row in same:
            kept = [tag for tag in row.tags if tag != change.value]
            row.tags = kept if adds else [*kept, change.value]
        _write_tags(same, now)
    change.undone_at = now
    change.save(update_fields=["undone_at"])
    _audit(change, "customer.bulk_undone", [row.pk for row in same], actor, now)
    return len(same), len(change.before) - len(same)


_PAST = {BulkKind.ASSIGN: "assigned", BulkKind.TAG: "tagged", BulkKind.UNTAG: "untagged"}


def _locked(customer_ids: Sequence[UUID]) -> list[Customer]:
    rows = Customer.objects.select_for_update(of=("self",), no_key=True).filter(pk__in=customer_ids)
    return list(rows.defer("traits").order_by("pk"))


def _assign(rows: Sequence[Customer], value: str, now: datetime) -> dict[str, Any]:
    member_id = _uuid(value)
    present = Membership.objects.filter(workspace_id=current_workspace_id(), left_at__isnull=True)
    if member_id is not None and not present.filter(pk=member_id).exists():
        raise ValidationError({"value": _("Choose a present member of this workspace.")})
    held = owners.current(row.pk for row in rows)
    changed = {row.pk: held.get(row.pk) for row in rows if held.get(row.pk) != member_id}
    owners.set_owners(dict.fromkeys(changed, member_id), now=now)
    return {str(key): str(old) if old else None for key, old in changed.items()}


def _tag(rows: Sequence[Customer], tag: str, now: datetime, *, add: bool) -> dict[str, Any]:
    changed = [row for row in rows if (tag in row.tags) != add]
    before = {str(row.pk): list(row.tags) for row in changed}
    for row in changed:
        row.tags = [*row.tags, tag] if add else [each for each in row.tags if each != tag]
        if len(row.tags) > MAX_TAGS:
            raise ValidationError(
                {"value": _("%(name)s would have more than %(n)d tags.") % {"name": row.name, "n": MAX_TAGS}}
            )
    _write_tags(changed, now)
    return before


def _write_tags(rows: Sequence[Customer], now: datetime) -> None:
    for row in rows:
        row.version += 1
        row.updated_at = now
    bulk.update(rows, ["tags", "version", "updated_at"])


def _audit(change: BulkChange, action: str, ids: Any, actor: audit.Actor, now: datetime) -> None:
    data = {"change": str(change.pk), "kind": change.kind, "value": change.value}
    audit.record(actor=actor, action=action, data={**data, "customers": len(ids)}, now=now)
    audit.record_for(
        actor=actor, action=action, label="accounts.customer", ids=[UUID(str(key)) for key in ids], data=data, now=now
    )


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError as error:
        raise ValidationError({"value": _("Choose a present member of this workspace.")}) from error
