"""What people do with alerts: take one in hand, mute with a reason until a day, undo, read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from accounts.models import Membership
from accounts.services.results import StaleVersionError
from csplatform.core import audit
from csplatform.core.tenancy import current_workspace_id
from health.models import Alert, AlertChannel, AlertDelivery, AlertKind, AlertMute, AlertState

LONGEST = timedelta(days=366)
MAX_REASON = 500


@transaction.atomic
def acknowledge(*, alert_id: UUID, actor: audit.Actor, now: datetime, expected_version: int | None = None) -> Alert:
    """Take an open alert in hand: everybody sees by whom. One in hand, muted or over stays as it is.

    Raises ``Alert.DoesNotExist``, ``StaleVersionError``.
    """
    alert = _locked(alert_id, expected_version)
    if alert.state == AlertState.OPEN:
        alert.state, alert.acknowledged_at, alert.acknowledged_by_label = (
            AlertState.ACKNOWLEDGED,
            now,
            actor.label[:200],
        )
        _changed(alert, now)
        _read([alert.pk], now)
        audit.record(actor=actor, action="alert.acknowledged", subject=alert, data=_named(alert), now=now)
    return alert


@transaction.atomic
def mute(
    *,
    kind: AlertKind,
    customer_id: UUID | None,
    reason: str,
    until: date | None,
    actor: audit.Actor,
    now: datetime,
) -> AlertMute:
    """Mute a kind of alert, of one customer or (None) of all, until a day; those that are on become muted.

    Raises ``ValidationError`` naming ``reason`` or ``until``.
    """
    reason = " ".join(reason.replace("\0", "").split())
    if not reason or len(reason) > MAX_REASON:
        raise ValidationError({"reason": _("Say in a few words why; at most 500 characters.")})
    if until is None or not now.date() < until <= now.date() + LONGEST:
        raise ValidationError({"until": _("Choose a day after today and within a year.")})
    made: AlertMute = AlertMute.objects.create(
        workspace_id=current_workspace_id(),
        customer_id=customer_id,
        kind=kind,
        reason=reason,
        until=until,
        made_at=now,
        made_by_label=actor.label[:200],
    )
    rows = Alert.objects.select_for_update(of=("self",), no_key=True).filter(
        kind=kind, state__in=[AlertState.OPEN, AlertState.ACKNOWLEDGED]
    )
    if customer_id is not None:
        rows = rows.filter(customer=customer_id)
    ids = list(rows.order_by("pk").values_list("pk", flat=True))
    Alert.objects.filter(pk__in=ids).update(state=AlertState.MUTED, mute=made, changed_at=now, version=F("version") + 1)
    _read(ids, now)
    AlertDelivery.objects.filter(alert__in=ids, done_at__isnull=True).update(done_at=now, due_at=None)
    told = {"kind": kind, "customer_id": customer_id and str(customer_id), "until": until.isoformat(), "reason": reason}
    audit.record(actor=actor, action="alert.muted", subject=made, data={**told, "alerts": len(ids)}, now=now)
    return made


@transaction.atomic
def unmute(*, mute_id: UUID, actor: audit.Actor, now: datetime) -> AlertMute:
    """Undo a mute: what is still on is open again, and told to those who were not told before it.

    Raises ``AlertMute.DoesNotExist``.
    """
    made: AlertMute = AlertMute.objects.select_for_update(of=("self",)).get(pk=mute_id)
    if made.undone_at is None:
        made.undone_at = now
        made.save(update_fields=["undone_at"])
        Alert.objects.filter(mute=made, state=AlertState.MUTED).update(
            state=AlertState.OPEN, mute=None, changed_at=now, version=F("version") + 1
        )
        audit.record(actor=actor, action="alert.unmuted", subject=made, data={"kind": made.kind}, now=now)
    return made


def read_all(*, member: Membership, now: datetime) -> int:
    """Nothing is unread for ``member`` any more; returns how many were."""
    rows = AlertDelivery.objects.filter(member=member, channel=AlertChannel.IN_APP, done_at__isnull=True)
    count: int = rows.update(done_at=now)
    return count


def _read(alert_ids: Sequence[UUID], now: datetime) -> None:
    rows = AlertDelivery.objects.filter(alert__in=alert_ids, channel=AlertChannel.IN_APP, done_at__isnull=True)
    rows.update(done_at=now)


def _locked(alert_id: UUID, expected_version: int | None) -> Alert:
    alert: Alert = Alert.objects.select_for_update(of=("self",), no_key=True).get(pk=alert_id)
    if expected_version is not None and alert.version != expected_version:
        raise StaleVersionError(alert.version)
    return alert


def _changed(alert: Alert, now: datetime) -> None:
    alert.changed_at, alert.version = now, alert.version + 1
    alert.save()


def _named(alert: Alert) -> dict[str, str]:
    return {"kind": alert.kind, "customer_id": str(alert.customer_id)}
