"""Upward news by name: an event row in the causing transaction, delivered by a sweep even if the broker forgot."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from csplatform.core.arrays import literal
from csplatform.core.ids import uuid7
from csplatform.core.models import OutboxEvent
from csplatform.core.rows import insert

Listener = Callable[[OutboxEvent], None]
BatchListener = Callable[[Sequence[OutboxEvent]], None]
# Long enough to look into what happened and to replay it.
KEEP = timedelta(days=30)

_cause: ContextVar[dict[str, Any] | None] = ContextVar("outbox_cause", default=None)
_listeners: dict[str, list[Listener]] = {}
_batch_listeners: list[BatchListener] = []


@contextmanager
def caused_by(cause: dict[str, Any]) -> Iterator[None]:
    """Events published inside carry ``cause``, so that a machine knows its own doing when it hears of it."""
    token = _cause.set(cause)
    try:
        yield
    finally:
        _cause.reset(token)


def publish(*, workspace_id: UUID, name: str, payload: dict[str, Any], now: datetime) -> None:
    """Record that ``name`` (``noun.verb_past``) happened. ``payload`` holds ids and numbers only, no content."""
    insert(OutboxEvent(workspace_id=workspace_id, name=name, payload=payload, cause=_cause.get(), created_at=now))


def publish_many(*, workspace_id: UUID, events: Iterable[tuple[str, dict[str, Any]]], now: datetime) -> None:
    """``publish`` for any number of events, as (name, payload), in one statement."""
    rows = [(uuid7(), name, json.dumps(payload)) for name, payload in events]
    if not rows:
        return
    cause = json.dumps(_cause.get()) if _cause.get() is not None else None
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO core_outboxevent (id, workspace_id, name, payload, cause, created_at)
            SELECT id, %s, name, payload, %s::jsonb, %s
            FROM unnest(%s::uuid[], %s::text[], %s::jsonb[]) AS told(id, name, payload)
            """,
            [str(workspace_id), cause, now, *(literal(column) for column in zip(*rows, strict=True))],
        )


def listen(name: str, listener: Listener) -> None:
    """Register ``listener`` for ``name``; call from ``AppConfig.ready``. Listeners must be idempotent."""
    _listeners.setdefault(name, []).append(listener)


def listen_to_all(listener: BatchListener) -> None:
    """Register ``listener`` for events of every name, as many at once as are delivered at once, oldest first."""
    _batch_listeners.append(listener)


def dispatch_waiting(*, now: datetime, limit: int = 500) -> int:
    """Deliver up to ``limit`` waiting events in one transaction; returns how many were delivered.

    Rows are locked with SKIP LOCKED, so any number of sweeps may run; one that dies gives its rows back.
    """
    with transaction.atomic():
        rows = list(
            OutboxEvent.objects.select_for_update(skip_locked=True)
            .filter(dispatched_at__isnull=True)
            .order_by("created_at")[:limit]
        )
        for event in rows:
            for listener in _listeners.get(event.name, ()):
                listener(event)
        for batch_listener in _batch_listeners if rows else ():
            batch_listener(rows)
        OutboxEvent.objects.filter(pk__in=[event.pk for event in rows]).update(dispatched_at=now)
    return len(rows)


def forget_delivered(*, now: datetime) -> int:
    """Delete events delivered more than ``KEEP`` ago; returns how many."""
    deleted, _ = OutboxEvent.objects.filter(dispatched_at__lt=now - KEEP).delete()
    return deleted
