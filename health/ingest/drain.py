"""From the inbox to profiles and events: in order, exactly once, in transactions of a few thousand messages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import msgspec
import structlog
from django.db import (
    DataError,
    IntegrityError,
    InternalError,
    NotSupportedError,
    ProgrammingError,
    connection,
    transaction,
)

from csplatform.core.tenancy import current_workspace_id, workspace_scope
from health import arrivals, partitions
from health.ingest import attach, look_up, profiles
from health.ingest.moments import DAY_MICROS, micros, month_of
from health.ingest.protocol import ANONYMOUS, EVENT, Arrived
from health.models import InboxBatch, RejectedMessage

log = structlog.get_logger(__name__)

CHUNK_MESSAGES = 5_000
_CHUNK_BATCHES = 500
_decode = msgspec.json.Decoder(list[Arrived]).decode
_encode = msgspec.json.Encoder().encode
_NO_DATA = (b"null", b"{}")
# What one message can bring about. Anything else (a lost connection, a full disk) concerns all of them.
_POISON = (
    DataError,
    IntegrityError,
    InternalError,
    NotSupportedError,
    ProgrammingError,
    ValueError,
    profiles.UnusableTraitsError,
)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message with the moment its request came in (microseconds)."""

    message: Arrived
    received: int


def drain(workspace_id: UUID, *, now: datetime | None = None, wait: bool = True) -> int:
    """Store everything that waits in the inbox of a workspace; returns the number of messages taken from it.

    ``wait``: wait for somebody else who is storing events; else leave the inbox to them: whoever drains looks
    again after letting go, so nothing is left behind. ``now`` is for tests; by default each chunk reads the clock.
    """
    total = 0
    while True:
        taken = _drain_chunk(workspace_id, now or datetime.now(UTC), wait=wait)
        if taken is None:
            return total
        total += taken
        if not taken and not _something_waits(workspace_id):
            return total


def _drain_chunk(workspace_id: UUID, now: datetime, *, wait: bool) -> int | None:
    """One transaction; None when somebody else is at work and we shall not wait."""
    with workspace_scope(workspace_id):
        if wait:
            arrivals.lock()
        elif not arrivals.try_lock():
            return None
        rows = _oldest()
        if rows:
            messages = [
                Waiting(message, micros(received_at))
                for _, received_at, payload in rows
                for message in _decode(payload)
            ]
            partitions.ensure(
                month_of(day * DAY_MICROS) for day in {waiting.message.at // DAY_MICROS for waiting in messages}
            )
            _store_or_bisect(messages, now)
            InboxBatch.objects.filter(id__in=[row[0] for row in rows]).delete()
            return len(messages)
    return 0


def _oldest() -> list[tuple[int, datetime, bytes]]:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT id, received_at, payload FROM (
              SELECT id, received_at, payload, sum(messages) OVER (ORDER BY id) - messages AS before
              FROM (SELECT * FROM health_inboxbatch WHERE workspace_id = %s ORDER BY id LIMIT %s) AS oldest) AS counted
            WHERE before < %s
            """,
            [str(current_workspace_id()), _CHUNK_BATCHES, CHUNK_MESSAGES],
        )
        rows: list[tuple[int, datetime, bytes]] = cursor.fetchall()
    return rows


def _something_waits(workspace_id: UUID) -> bool:
    with workspace_scope(workspace_id):
        return InboxBatch.objects.exists()


def _store_or_bisect(messages: Sequence[Waiting], now: datetime) -> None:
    """Store all; when that fails, halves, until the message that cannot be stored stands alone and is set aside."""
    try:
        with transaction.atomic():
            _store(messages, now)
    except _POISON as error:
        if len(messages) == 1:
            _set_aside(messages[0], error)
            return
        middle = len(messages) // 2
        _store_or_bisect(messages[:middle], now)
        _store_or_bisect(messages[middle:], now)


def _set_aside(waiting: Waiting, error: Exception) -> None:
    reason = " ".join(str(error).split())[:500] or type(error).__name__
    RejectedMessage.objects.create(
        workspace_id=current_workspace_id(),
        received_at=datetime.fromtimestamp(waiting.received / 1_000_000, UTC),
        reason=reason,
        payload=_encode(waiting.message),
    )
    log.warning("a message was set aside", error=type(error).__name__)


def _store(messages: Sequence[Waiting], now: datetime) -> None:
    keys = [arrivals.key_of(waiting.message.message_id) for waiting in messages]
    new = arrivals.claim(keys, [waiting.message.at for waiting in messages])
    fresh = [messages[i].message for i in new]
    applied = profiles.apply(fresh, now=now)
    events = [i for i in new if messages[i].message.kind == EVENT]
    if events:
        found = _resolve([messages[i].message for i in events], now)
        arrivals.add(_batch([(keys[i], messages[i]) for i in events], found), now=now)
    people = applied.contacts | (found.created if events else set())
    if applied.customers or people:
        attach.attach(customers=applied.customers, people=people, now=now)


@dataclass(slots=True)
class _Found:
    """Who is known: external ids to ids (as text), and contacts to the customer they belong to."""

    customers: dict[str, str]
    contacts: dict[str, tuple[str, str | None]]
    aliases: dict[str, str]
    created: set[str]


def _resolve(messages: Sequence[Arrived], now: datetime) -> _Found:
    """Look everybody up, and make the contacts that events at known customers show for the first time."""
    people = {message.contact for message in messages if message.contact is not None}
    aliases = profiles.resolve_aliases(people)
    people = {aliases.get(person, person) for person in people}
    found = _Found(
        look_up.customers({message.customer for message in messages if message.customer is not None}),
        look_up.contacts(people),
        aliases,
        set(),
    )
    missing: dict[str, tuple[int, str]] = {}
    for message in messages:
        if message.customer is None or message.customer not in found.customers or message.contact is None:
            continue
        person = aliases.get(message.contact, message.contact)
        known = found.contacts.get(person)
        if (known is None or known[1] is None) and not person.startswith(ANONYMOUS):
            first = (message.at, message.customer)
            missing[person] = min(missing.get(person, first), first)
    if missing:
        attach.create_contacts({person: customer for person, (_, customer) in missing.items()}, now=now)
        found.contacts.update(look_up.contacts(set(missing)))
        found.created = set(missing)
    return found


def _batch(events: Sequence[tuple[str, Waiting]], found: _Found) -> arrivals.EventBatch:
    batch = arrivals.EventBatch()
    customers, contacts, aliases = found.customers, found.contacts, found.aliases
    nobody: tuple[str | None, str | None] = (None, None)
    for key, waiting in events:
        message = waiting.message
        person = message.contact
        if person in aliases:
            person = aliases[person]
        contact, home = contacts.get(person, nobody) if person is not None else nobody
        named = message.customer
        customer = home if named is None else customers.get(named)
        data = bytes(message.data)
        batch.keys.append(key)
        batch.customer_ids.append(customer)
        # While the customer is unknown the event waits under its keys.
        batch.contact_ids.append(contact if customer is not None else None)
        batch.customer_keys.append(named)
        batch.contact_keys.append(person)
        batch.names.append(message.name)
        batch.at.append(message.at)
        batch.known.append(waiting.received)
        batch.values.append(message.value)
        batch.properties.append(None if data in _NO_DATA else data.decode())
    return batch
