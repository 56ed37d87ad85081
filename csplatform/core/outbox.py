"""Upward news by name: an event row in the causing transaction, delivered by a sweep even if the broker forgot."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from celery.exceptions import SoftTimeLimitExceeded
from django.db import connection, models, transaction

from csplatform.core.arrays import literal
from csplatform.core.ids import uuid7
from csplatform.core.models import OutboxEvent
from csplatform.core.rounds import visit_each
from csplatform.core.rows import insert

Listener = Callable[[OutboxEvent], None]
BatchListener = Callable[[Sequence[OutboxEvent]], None]
# Long enough to look into what happened and to replay it.
KEEP = timedelta(days=30)
# Names the lock of whoever delivers by turns; any number no other lock of the database uses.
_TURN = 0x6F7574626F78

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


def present_cause() -> dict[str, Any] | None:
    """What ``caused_by`` says here; None outside."""
    return _cause.get()


def publish(*, workspace_id: UUID, name: str, payload: dict[str, Any], now: datetime) -> None:
    """Record that ``name`` (``noun.verb_past``) happened. ``payload`` holds ids and numbers only, no content."""
    insert(OutboxEvent(workspace_id=workspace_id, name=name, payload=payload, cause=_cause.get(), created_at=now))


def publish_many(
    *,
    workspace_id: UUID,
    events: Iterable[tuple[str, dict[str, Any]]],
    now: datetime,
    causes: Iterable[Mapping[str, Any] | None] | None = None,
) -> None:
    """``publish`` for any number of events, as (name, payload), in one statement.

    ``causes``: one for each event, where they differ; else all carry what ``caused_by`` says.
    """
    told = [(uuid7(), name, json.dumps(payload)) for name, payload in events]
    if not told:
        return
    around = _cause.get()
    each = [around] * len(told) if causes is None else list(causes)
    rows = [(*row, None if cause is None else json.dumps(cause)) for row, cause in zip(told, each, strict=True)]
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO core_outboxevent (id, workspace_id, name, payload, cause, created_at)
            SELECT id, %s, name, payload, cause, %s
            FROM unnest(%s::uuid[], %s::text[], %s::jsonb[], %s::jsonb[]) AS told(id, name, payload, cause)
            """,
            [str(workspace_id), now, *(literal(column) for column in zip(*rows, strict=True))],
        )


def listen(name: str, listener: Listener) -> None:
    """Register ``listener`` for ``name``; call from ``AppConfig.ready``. Listeners must be idempotent."""
    _listeners.setdefault(name, []).append(listener)


def listen_to_all(listener: BatchListener) -> None:
    """Register ``listener`` for events of every name, as many at once as are delivered at once, oldest first."""
    _batch_listeners.append(listener)


def dispatch_waiting(*, now: datetime, limit: int = 500) -> int:
    """Deliver what waits: up to ``limit`` events nobody listens to by name, and ``limit`` that somebody does.

    Returns how many were delivered. Any number of sweeps may run; one that dies gives its events back. A listener that
    raises leaves its event waiting and holds up no other, a batch listener that raises no other workspace; such faults
    are raised once the rest is delivered.
    """
    fault, together = None, 0
    try:
        together = _deliver_together(now, limit)
    except ExceptionGroup as faults:
        fault = faults
    by_turns = _deliver_by_turns(now, limit)
    if fault is not None:
        raise fault
    return together + by_turns


def _deliver_together(now: datetime, limit: int) -> int:
    """Events only batch listeners hear of, of all workspaces at once, and by workspace where that fails."""
    try:
        return _deliver_batch(now, limit)
    except SoftTimeLimitExceeded:
        raise
    except Exception:
        sizes: list[int] = []
        # All that have news, not only those of the oldest: whose cannot be told never get out of the way.
        workspaces = _waiting_for_batches().order_by("workspace_id").values_list("workspace_id", flat=True).distinct()
        visit_each(workspaces, lambda of: sizes.append(_deliver_batch(now, limit, workspace_id=of)))
        return sum(sizes)


def _deliver_batch(now: datetime, limit: int, **of: UUID) -> int:
    """The oldest events, in one transaction; SKIP LOCKED leaves other sweeps' to them."""
    with transaction.atomic():
        waiting = _waiting_for_batches().select_for_update(skip_locked=True).filter(**of)
        rows = list(waiting.order_by("created_at", "pk")[:limit])
        _tell(rows, now)
    return len(rows)


def _waiting_for_batches() -> models.QuerySet[OutboxEvent]:
    return OutboxEvent.objects.filter(dispatched_at__isnull=True).exclude(name__in=_listeners)


def _deliver_by_turns(now: datetime, limit: int) -> int:
    """Events somebody listens to by name: a transaction each, one sweep at a time, oldest first.

    Such a listener locks what its event is about. Several events in one transaction would lock in the order in which
    things happened to happen, and two sweeps, or a sweep and a page, could wait for each other in a ring.
    """
    delivered, failed, fault = 0, list[UUID](), None
    while delivered + len(failed) < limit:
        event: OutboxEvent | None = None
        try:
            with transaction.atomic():
                if not _is_my_turn():
                    break
                waiting = OutboxEvent.objects.select_for_update().filter(dispatched_at__isnull=True)
                event = waiting.filter(name__in=_listeners).exclude(pk__in=failed).order_by("created_at", "pk").first()
                if event is None:
                    break
                _tell([event], now)
        except Exception as error:
            if event is None:
                raise
            fault = fault or error
            failed.append(event.pk)
        else:
            delivered += 1
    if fault is not None:
        raise fault
    return delivered


def _is_my_turn() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_TURN])
        (mine,) = cursor.fetchone()
    return bool(mine)


def _tell(events: Sequence[OutboxEvent], now: datetime) -> None:
    for event in events:
        for listener in _listeners.get(event.name, ()):
            listener(event)
    for batch_listener in _batch_listeners if events else ():
        batch_listener(events)
    OutboxEvent.objects.filter(pk__in=[event.pk for event in events]).update(dispatched_at=now)


def forget_delivered(*, now: datetime) -> int:
    """Delete events delivered more than ``KEEP`` ago; returns how many."""
    deleted, _ = OutboxEvent.objects.filter(dispatched_at__lt=now - KEEP).delete()
    return deleted
