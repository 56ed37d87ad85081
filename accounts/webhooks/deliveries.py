"""Deliveries: made from news and by playbooks, replayed, forgotten. Sending them is ``accounts.webhooks.worker``."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.models import DeliveryState, WebhookDelivery, WebhookDue, WebhookEndpoint
from accounts.webhooks import catalogue, rules
from csplatform.core import audit, rows
from csplatform.core.ids import uuid7
from csplatform.core.models import OutboxEvent
from csplatform.core.tenancy import current_workspace_id, workspace_scope

KEEP = timedelta(days=30)
MOST_BYTES = 65_536
_IN_ONE_STATEMENT = 1_000


def take_over(events: Sequence[OutboxEvent]) -> None:
    """Listener of the outbox: a pending delivery of each event for each endpoint that wants it.

    Runs inside the transaction that marks the events as delivered, so neither happens without the other. What happens
    in a workspace that holds sample data is invented, and is told to nobody.
    """
    for workspace_id, theirs in groupby(sorted(events, key=_workspace_of), key=_workspace_of):
        with workspace_scope(workspace_id):
            enabled = WebhookEndpoint.objects.filter(is_enabled=True, workspace__sample_since__isnull=True)
            endpoints = list(enabled.order_by("pk"))
            if endpoints:
                _store(_wanted(endpoints, sorted(theirs, key=lambda event: event.pk)))


def _workspace_of(event: OutboxEvent) -> UUID:
    return event.workspace_id


def _wanted(endpoints: Sequence[WebhookEndpoint], events: Iterable[OutboxEvent]) -> list[WebhookDelivery]:
    return [
        _delivery(endpoint, event.name, event.payload, f"msg_{event.pk.hex}", event.created_at)
        for event in events
        if catalogue.find(event.name) is not None
        for endpoint in endpoints
        if rules.hears(endpoint.events, event.name)
    ]


def _store(deliveries: Sequence[WebhookDelivery]) -> None:
    # A pointer to a delivery that was there already points to nothing; the worker drops such.
    WebhookDelivery.objects.bulk_create(deliveries, batch_size=_IN_ONE_STATEMENT, ignore_conflicts=True)
    WebhookDue.objects.bulk_create([_due(each) for each in deliveries], batch_size=_IN_ONE_STATEMENT)


@transaction.atomic
def enqueue(*, endpoint_id: UUID, event: str, data: Mapping[str, Any], key: str, now: datetime) -> WebhookDelivery:
    """Send ``data`` as ``event`` to one endpoint of the active workspace, whatever it listens to; once per ``key``.

    Called again with the same endpoint and key, it changes nothing and gives the delivery of then. Raises
    ``WebhookEndpoint.DoesNotExist``, and ``ValidationError`` for an endpoint that is switched off, for a name that
    is not ``noun.verb_past``, and for data that are no JSON object of at most ``MOST_BYTES``.
    """
    if not rules.is_event_name(event):
        raise ValidationError({"event": _("Expected a name such as survey.closed.")})
    _check_size(event, data, now)
    endpoint = WebhookEndpoint.objects.get(pk=endpoint_id)
    message_id = rules.message_id(str(endpoint.workspace_id), str(endpoint.pk), key)
    known = WebhookDelivery.objects.filter(endpoint=endpoint, message_id=message_id)
    if (delivery := known.first()) is not None:
        return delivery
    if not endpoint.is_enabled:
        raise ValidationError(_("This webhook is switched off. Switch it on first."))
    made = _delivery(endpoint, event, dict(data), message_id, now)
    if not rows.insert(made, once_by=("endpoint_id", "message_id")):
        return known.get()
    _due(made).save(force_insert=True)
    return made


@transaction.atomic
def send_test(*, endpoint_id: UUID, actor: audit.Actor, now: datetime) -> WebhookDelivery:
    """A test event for the endpoint, on its way at once. Raises as ``enqueue`` does."""
    delivery = enqueue(
        endpoint_id=endpoint_id,
        event=catalogue.TEST_EVENT,
        data={"webhook_id": str(endpoint_id)},
        key=f"test:{uuid7()}",
        now=now,
    )
    audit.record(actor=actor, action="webhook.tested", subject=delivery.endpoint, now=now)
    return delivery


@transaction.atomic
def replay(*, delivery_id: UUID, actor: audit.Actor, now: datetime) -> WebhookDelivery:
    """Send a delivery again, under its old id, with another day of attempts. One that is on its way is tried now.

    Raises ``WebhookDelivery.DoesNotExist``, and ``ValidationError`` when its endpoint is switched off.
    """
    delivery = WebhookDelivery.objects.select_related("endpoint").get(pk=delivery_id)
    _demand_enabled(delivery.endpoint)
    _send_again(WebhookDelivery.objects.filter(pk=delivery.pk), now)
    data = {"webhook": str(delivery.endpoint_id), "event": delivery.event, "id": delivery.message_id}
    audit.record(actor=actor, action="webhook.replayed", subject=delivery.endpoint, data=data, now=now)
    delivery.refresh_from_db()
    return delivery


@transaction.atomic
def replay_failed(*, endpoint_id: UUID, since: datetime, actor: audit.Actor, now: datetime) -> int:
    """Send again all that failed of what happened since ``since``; returns how many.

    Raises ``WebhookEndpoint.DoesNotExist``, and ``ValidationError`` when it is switched off.
    """
    endpoint = WebhookEndpoint.objects.get(pk=endpoint_id)
    _demand_enabled(endpoint)
    failed = WebhookDelivery.objects.filter(endpoint=endpoint, state=DeliveryState.FAILED, occurred_at__gte=since)
    count = _send_again(failed, now)
    if count:
        data = {"count": count, "since": since.isoformat()}
        audit.record(actor=actor, action="webhook.failed_replayed", subject=endpoint, data=data, now=now)
    return count


def forget(*, now: datetime) -> int:
    """Delete the active workspace's deliveries older than ``KEEP``, unless they are on their way; returns how many."""
    old = WebhookDelivery.objects.filter(created_at__lt=now - KEEP).exclude(state=DeliveryState.PENDING)
    deleted, _kinds = old.delete()
    return deleted


def _demand_enabled(endpoint: WebhookEndpoint) -> None:
    if not endpoint.is_enabled:
        raise ValidationError(_("This webhook is switched off. Switch it on first."))


def _send_again(deliveries: QuerySet[WebhookDelivery], now: datetime) -> int:
    locked = deliveries.select_for_update(of=("self",), no_key=True).order_by("pk")
    ids = [str(pk) for pk in locked.values_list("pk", flat=True)]
    WebhookDelivery.objects.filter(pk__in=ids).update(
        state=DeliveryState.PENDING,
        next_attempt_at=now,
        give_up_at=now + rules.RETRY_FOR,
        finished_at=None,
        attempts=0,
    )
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO accounts_webhookdue (delivery_id, endpoint_id, workspace_id, due_at)
            SELECT id, endpoint_id, workspace_id, %s FROM accounts_webhookdelivery
            WHERE workspace_id = %s AND id = ANY(%s::uuid[])
            ON CONFLICT (delivery_id) DO UPDATE SET due_at = excluded.due_at
            """,
            [now, str(current_workspace_id()), ids],
        )
    return len(ids)


def _delivery(
    endpoint: WebhookEndpoint, event: str, data: dict[str, Any], message_id: str, now: datetime
) -> WebhookDelivery:
    return WebhookDelivery(
        workspace_id=endpoint.workspace_id,
        endpoint=endpoint,
        message_id=message_id,
        event=event,
        occurred_at=now,
        data=data,
        created_at=now,
        next_attempt_at=now,
        give_up_at=now + rules.RETRY_FOR,
    )


def _due(delivery: WebhookDelivery) -> WebhookDue:
    return WebhookDue(
        delivery_id=delivery.pk,
        endpoint_id=delivery.endpoint_id,
        workspace_id=delivery.workspace_id,
        due_at=delivery.created_at,
    )


def _check_size(event: str, data: Mapping[str, Any], now: datetime) -> None:
    try:
        size = len(rules.body(event=event, occurred_at=now, data=data))
        is_clean = "\\u0000" not in json.dumps(dict(data))
    except (TypeError, ValueError) as error:
        raise ValidationError({"data": _("Expected a JSON object.")}) from error
    if size > MOST_BYTES or not is_clean:
        raise ValidationError({"data": _("Expected at most %(n)d bytes, without NUL.") % {"n": MOST_BYTES}})
