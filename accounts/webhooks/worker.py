"""Sending what is due. No transaction is open while a receiver takes its time, and a killed worker loses nothing:

a delivery is claimed by moving its due date ahead; it comes back by itself unless the outcome is recorded before.
"""

from __future__ import annotations

import random
import socket
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.core.cache import cache
from django.db import connection, transaction

from accounts.models import DeliveryState, DisabledBecause, Failure, WebhookDelivery, WebhookDue, WebhookEndpoint
from accounts.webhooks import endpoints, rules, secrets
from accounts.webhooks.posting import Answer, post
from csplatform.core.tenancy import workspace_scope

AT_ONCE = 16
# So that a slow receiver holds up neither the others' deliveries nor a whole batch.
PER_ENDPOINT = 4
_THREADS = 8
# Two rounds of the longest request fit in with room to spare; a dead worker's seat is free before its claims are.
CLAIMED_FOR = timedelta(seconds=60)
_SEATED_FOR = timedelta(seconds=45)
_MOST_LOGGED = 50

Clock = Callable[[], datetime]
log = structlog.get_logger()

_CLAIM = """
WITH waiting AS (
  SELECT endpoint_id, min(due_at) AS since FROM accounts_webhookdue WHERE due_at <= %(now)s GROUP BY endpoint_id
), chosen AS (
  SELECT due.delivery_id FROM waiting, LATERAL (
    SELECT delivery_id FROM accounts_webhookdue d
    WHERE d.endpoint_id = waiting.endpoint_id AND d.due_at <= %(now)s
    ORDER BY d.due_at LIMIT %(each)s FOR UPDATE SKIP LOCKED) due
  ORDER BY waiting.since LIMIT %(all)s
)
UPDATE accounts_webhookdue SET due_at = %(until)s WHERE delivery_id IN (SELECT delivery_id FROM chosen)
RETURNING workspace_id, delivery_id
"""


@dataclass(frozen=True, slots=True)
class _Letter:
    """All that sending needs, so that threads touch no database."""

    workspace_id: UUID
    delivery_id: UUID
    endpoint_id: UUID
    url: str
    body: bytes
    headers: dict[str, str] | None


def send_due(*, clock: Clock, until: datetime) -> int:
    """Send what is due until nothing is or ``until`` has come; returns how many attempts were made."""
    made = 0
    with _seat() as seat:
        while seat and clock() < until:
            cache.touch(seat, _SEATED_FOR.total_seconds())
            letters = _claim(clock())
            if not letters:
                break
            made += len(letters)
            _send_all(letters, clock)
    return made


@contextmanager
def _seat() -> Iterator[str]:
    """A seat among those that send on this host, or "": half its workers send at most, so that other work goes on."""
    for number in range(max(1, settings.WORKER_CONCURRENCY // 2)):
        name = f"webhooks:seat:{socket.gethostname()}:{number}"
        if cache.add(name, 1, timeout=_SEATED_FOR.total_seconds()):
            try:
                yield name
            finally:
                cache.delete(name)
            return
    yield ""


def _claim(now: datetime) -> list[_Letter]:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_CLAIM, {"now": now, "until": now + CLAIMED_FOR, "each": PER_ENDPOINT, "all": AT_ONCE})
        claimed: dict[UUID, list[UUID]] = {}
        for workspace_id, delivery_id in cursor.fetchall():
            claimed.setdefault(workspace_id, []).append(delivery_id)
    return [letter for workspace_id, ids in claimed.items() for letter in _letters(workspace_id, ids, now)]


def _letters(workspace_id: UUID, ids: Sequence[UUID], now: datetime) -> list[_Letter]:
    """What to send of ``ids``. Those that are over, or whose endpoint is off or gone, are dropped from the sweep."""
    with workspace_scope(workspace_id):
        found = WebhookDelivery.objects.select_related("endpoint").filter(pk__in=ids, state=DeliveryState.PENDING)
        deliveries = list(found.order_by("pk"))
        for endpoint in {each.endpoint for each in deliveries if not each.endpoint.is_enabled}:
            endpoints.end_pending(endpoint, now=now)
        going = [each for each in deliveries if each.endpoint.is_enabled]
        WebhookDue.objects.filter(pk__in={*ids} - {each.pk for each in going}).delete()
        return [_letter(each, now) for each in going]


def _letter(delivery: WebhookDelivery, now: datetime) -> _Letter:
    endpoint = delivery.endpoint
    body = rules.body(event=delivery.event, occurred_at=delivery.occurred_at, data=delivery.data)
    salts = [endpoint.secret_salt]
    if endpoint.retired_until is not None and now < endpoint.retired_until:
        salts.append(endpoint.retired_salt)
    try:
        headers = secrets.headers(
            message_id=delivery.message_id, now=now, body=body, salts=salts, expected_hint=endpoint.secret_hint
        )
    except secrets.ForeignSecretError:
        headers = None
    return _Letter(delivery.workspace_id, delivery.pk, endpoint.pk, endpoint.url, body, headers)


def _send_all(letters: Sequence[_Letter], clock: Clock) -> None:
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="webhook") as pool:
        sent = {pool.submit(_send, letter): letter for letter in letters}
        for done in as_completed(sent):
            letter = sent[done]
            record(letter.workspace_id, letter.endpoint_id, letter.delivery_id, done.result(), now=clock())


def _send(letter: _Letter) -> Answer:
    if letter.headers is None:
        return Answer(None, Failure.SECRET_CHANGED, "", 0)
    return post(url=letter.url, body=letter.body, headers=letter.headers, named=settings.WEBHOOK_PRIVATE_HOSTS)


def record(workspace_id: UUID, endpoint_id: UUID, delivery_id: UUID, answer: Answer, *, now: datetime) -> None:
    """Write down what became of an attempt and what follows from it. The endpoint is locked first, as everywhere."""
    with workspace_scope(workspace_id):
        endpoint = WebhookEndpoint.objects.select_for_update(of=("self",), no_key=True).filter(pk=endpoint_id).first()
        if endpoint is None:
            return
        delivery = WebhookDelivery.objects.select_for_update(of=("self",), no_key=True).get(pk=delivery_id)
        delivery.attempts += 1
        delivery.last_status, delivery.last_error = answer.status, answer.error
        delivery.log = [*delivery.log, _line(answer, now)][-_MOST_LOGGED:]
        verdict = rules.judge(answer.status)
        if verdict is rules.Verdict.ARRIVED:
            _finish(delivery, DeliveryState.DELIVERED, now)
        elif delivery.state == DeliveryState.PENDING:
            _plan(delivery, answer, verdict, now)
        delivery.save()
        _judge_endpoint(endpoint, verdict, now)
    log.info("webhook attempted", delivery=str(delivery_id), status=answer.status, error=answer.error)


def _plan(delivery: WebhookDelivery, answer: Answer, verdict: rules.Verdict, now: datetime) -> None:
    again = None
    if verdict is rules.Verdict.AGAIN:
        again = rules.next_attempt(
            attempts=delivery.attempts,
            now=now,
            give_up_at=delivery.give_up_at,
            chance=random.random(),  # noqa: S311  (spreads load, guards nothing)
            status=answer.status,
            wish=answer.wish,
        )
    if again is None:
        _finish(delivery, DeliveryState.FAILED, now)
        return
    delivery.next_attempt_at = again
    WebhookDue.objects.filter(pk=delivery.pk).update(due_at=again)


def _finish(delivery: WebhookDelivery, state: DeliveryState, now: datetime) -> None:
    delivery.state, delivery.finished_at, delivery.next_attempt_at = state, now, None
    WebhookDue.objects.filter(pk=delivery.pk).delete()


def _judge_endpoint(endpoint: WebhookEndpoint, verdict: rules.Verdict, now: datetime) -> None:
    if verdict is rules.Verdict.ARRIVED:
        if endpoint.failing_since is not None:
            WebhookEndpoint.objects.filter(pk=endpoint.pk).update(failing_since=None)
        return
    if endpoint.failing_since is None:
        endpoint.failing_since = now
        WebhookEndpoint.objects.filter(pk=endpoint.pk).update(failing_since=now)
    if not endpoint.is_enabled:
        return
    if verdict is rules.Verdict.GONE:
        endpoints.disable(endpoint=endpoint, because=DisabledBecause.GONE, now=now)
    elif now - endpoint.failing_since >= rules.DISABLE_AFTER:
        endpoints.disable(endpoint=endpoint, because=DisabledBecause.FAILING, now=now)


def _line(answer: Answer, now: datetime) -> dict[str, Any]:
    return {
        "at": now.isoformat(),
        "ms": answer.milliseconds,
        "status": answer.status,
        "error": answer.error,
        "answer": answer.excerpt,
    }
