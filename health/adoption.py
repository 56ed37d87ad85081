"""Adoption from events: whoever's events, invitation or silence has changed something is followed anew.

Marks say which customers, and from which day on; they are rows, so a lost broker loses nobody. Nothing older than
the rules look back is read, but for marks of days long gone (files, late events), which are followed from the start.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from django.db import connection, transaction

from accounts.models import Contact, Customer
from csplatform.core.arrays import literal
from csplatform.core.models import OutboxEvent
from csplatform.core.tenancy import current_workspace_id, workspace_scope
from health import late
from health.ingest.moments import day_number
from health.models import AdoptionMark
from journeys.adoption.knowledge import KnownRules, KnownUse
from journeys.adoption.states import Use
from journeys.services.adoption import following, indicators
from journeys.services.adoption.changes import Person
from journeys.services.adoption.following import BEGINNING
from journeys.services.adoption.indicators import Counted

CUSTOMERS = 200
PEOPLE = 500
# Events a few days late are the rule; what is older came with a file, and reading all of it is the exact way.
_RECENT = timedelta(days=7)
_NO_COUNTS: Mapping[str, int] = {}
_NOTHING = date.max
"""From when something new was known of who did nothing new."""


def mark(from_days: Mapping[UUID, date] | Mapping[str, date], known_from: Mapping[str, date] | None = None) -> None:
    """Ask for customers of the active workspace to be followed from a day on.

    ``known_from``: of those with new use, the earliest day on which some of it was known. The row stays locked until
    this transaction commits, as with ``health.dirty``, but is only written where a day is earlier: most arrivals find
    themselves asked for already.
    """
    known = known_from or {}
    rows = sorted((str(each), day, known.get(str(each), _NOTHING)) for each, day in from_days.items())
    if not rows:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO health_adoptionmark AS kept (workspace_id, customer_id, from_day, known_from)
            SELECT %s::uuid, id, day, known
            FROM unnest(%s::uuid[], %s::date[], %s::date[]) AS told (id, day, known) ORDER BY id
            ON CONFLICT (workspace_id, customer_id) DO UPDATE
            SET from_day = least(kept.from_day, EXCLUDED.from_day),
                known_from = least(kept.known_from, EXCLUDED.known_from)
            WHERE kept.from_day > EXCLUDED.from_day OR kept.known_from > EXCLUDED.known_from
            """,
            [str(current_workspace_id()), *(literal(column) for column in zip(*rows, strict=True))],
        )


def mark_everybody(from_day: date) -> None:
    """Every customer of the active workspace that has people."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO health_adoptionmark AS kept (workspace_id, customer_id, from_day, known_from)
            SELECT %(workspace)s::uuid, c.id, %(day)s, %(nothing)s FROM accounts_customer c
            WHERE c.workspace_id = %(workspace)s AND EXISTS (
              SELECT 1 FROM accounts_contact p WHERE p.workspace_id = c.workspace_id AND p.customer_id = c.id)
            ORDER BY c.id
            ON CONFLICT (workspace_id, customer_id) DO UPDATE SET from_day = EXCLUDED.from_day
            WHERE kept.from_day > EXCLUDED.from_day
            """,
            {"workspace": str(current_workspace_id()), "day": from_day, "nothing": _NOTHING},
        )


def rules_changed(event: OutboxEvent) -> None:
    """A workspace has other rules: everybody is followed anew from the day they count from."""
    day = date.fromisoformat(str(event.payload["effective_on"]))
    with workspace_scope(event.workspace_id):
        mark_everybody(day)


def indicator_defined(event: OutboxEvent) -> None:
    """A new indicator is measured soon, not only when somebody uses the product again."""
    with workspace_scope(event.workspace_id):
        mark({str(event.payload["customer_id"]): event.created_at.astimezone(UTC).date()})


def mark_due(now: datetime) -> None:
    """Those whom silence moves on by today."""
    mark(following.due(now.astimezone(UTC).date()))


def keep(workspace_id: UUID, *, clock: Callable[[], datetime], seconds: float) -> int:
    """Follow the workspace's marked customers until none is left or the time is up; returns how many."""
    ends, total = time.monotonic() + seconds, 0
    with workspace_scope(workspace_id):
        mark_due(clock())
    while time.monotonic() < ends:
        with workspace_scope(workspace_id):
            done = follow_marked(now=clock())
        if not done:
            break
        total += done
    return total


def follow_marked(*, limit: int = CUSTOMERS, now: datetime) -> int:
    """Follow the people of up to ``limit`` marked customers of the active workspace; returns how many. Until 0.

    The marks are deleted before anything is read, in the same transaction: what arrives meanwhile waits for the
    row's lock and marks again, and a crash undoes everything.
    """
    with transaction.atomic(savepoint=False):
        taken = _take(limit)
        if taken:
            _follow(taken, now)
        return len(taken)


def _take(limit: int) -> dict[UUID, tuple[date, date]]:
    """Take up to ``limit`` marks; customers first, then marks, as everybody does (see ``health.services.scoring``)."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH asked AS MATERIALIZED (
              SELECT customer_id FROM health_adoptionmark WHERE workspace_id = %(workspace)s
              ORDER BY customer_id LIMIT %(limit)s),
            held AS MATERIALIZED (
              SELECT id FROM accounts_customer WHERE id = ANY(ARRAY(SELECT customer_id FROM asked))
              ORDER BY id FOR KEY SHARE SKIP LOCKED),
            taken AS MATERIALIZED (
              SELECT customer_id FROM health_adoptionmark
              WHERE workspace_id = %(workspace)s AND customer_id = ANY(ARRAY(SELECT customer_id FROM asked))
                AND (customer_id IN (SELECT id FROM held) OR customer_id NOT IN (
                  SELECT id FROM accounts_customer WHERE id = ANY(ARRAY(SELECT customer_id FROM asked))))
              FOR UPDATE SKIP LOCKED)
            DELETE FROM health_adoptionmark
            WHERE workspace_id = %(workspace)s AND customer_id = ANY(ARRAY(SELECT customer_id FROM taken))
            RETURNING customer_id, from_day, known_from
            """,
            {"workspace": str(current_workspace_id()), "limit": limit},
        )
        return {row[0]: (row[1], row[2]) for row in cursor.fetchall()}


def _follow(marks: Mapping[UUID, tuple[date, date]], now: datetime) -> None:
    today = now.astimezone(UTC).date()
    here = set(Customer.objects.filter(pk__in=marks).values_list("pk", flat=True))
    from_days = {
        customer: BEGINNING if day < today - _RECENT else min(day, today)
        for customer, (day, _known) in sorted(marks.items())
        if customer in here
    }
    known_from = {customer: marks[customer][1] for customer in from_days}
    rules = following.versions()
    for chunk in _chunks(list(from_days)):
        people = following.people_of(chunk, from_days, known_from, today)
        put_right = following.record(people, dict(_uses(people, rules, today)), rules=rules, now=now)
        late.mark({str(customer): day_number(day) for customer, day in put_right.items() if day < today})
    following.count(list(from_days), now=now)
    indicators.follow(list(from_days), _counted(indicators.open_events(list(from_days)), today), now=now)


def _chunks(customers: Sequence[UUID]) -> Iterator[list[UUID]]:
    """The contacts of these customers, some hundreds at a time: one customer may have any number of them."""
    rows = Contact.objects.filter(customer_id__in=customers).order_by("customer_id", "id")
    last: tuple[UUID, UUID] | None = None
    while True:
        page = rows if last is None else rows.extra(where=["(customer_id, id) > (%s, %s)"], params=list(last))
        found = list(page.values_list("customer_id", "id")[:PEOPLE])
        if not found:
            return
        last = found[-1]
        yield [contact_id for _customer, contact_id in found]


def _uses(people: Iterable[Person], rules: Sequence[KnownRules], today: date) -> Iterator[tuple[UUID, list[KnownUse]]]:
    """What each of these people did, by day and day known, from as far back as the rules look."""
    every = [version.rules for known in rules for version in known.versions]
    back = timedelta(days=max(each.look_back for each in every))
    chosen = list(people)
    names = sorted({name for each in every for name in each.names})
    since = [max(each.uses_from, BEGINNING + back) - back for each in chosen]
    if not chosen:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT contact_id, array_agg(day ORDER BY day, known), array_agg(known ORDER BY day, known),
                   array_agg(events ORDER BY day, known), array_agg(name ORDER BY day, known)
            FROM (
            SELECT e.contact_id, (e.occurred_at AT TIME ZONE 'UTC')::date - DATE '0001-01-01' + 1 AS day,
                   greatest(e.known_at AT TIME ZONE 'UTC', e.occurred_at AT TIME ZONE 'UTC')::date
                     - DATE '0001-01-01' + 1 AS known,
                   CASE WHEN e.name = ANY(%(names)s::text[]) THEN e.name ELSE '' END AS name, count(*)::int AS events
            FROM unnest(%(ids)s::uuid[], %(customers)s::uuid[], %(since)s::date[]) AS who (id, customer, since)
            JOIN health_event e ON e.contact_id = who.id AND e.customer_id = who.customer
            WHERE e.workspace_id = %(workspace)s AND e.customer_id = ANY(%(all)s::uuid[])
              AND e.occurred_at >= %(first)s AND e.occurred_at < %(end)s
              AND e.occurred_at >= who.since AT TIME ZONE 'UTC'
            GROUP BY 1, 2, 3, 4) AS used GROUP BY 1
            """,
            {
                "names": names,
                "ids": literal([str(each.contact_id) for each in chosen]),
                "customers": literal([str(each.customer_id) for each in chosen]),
                "since": literal(since),
                "all": literal(sorted({str(each.customer_id) for each in chosen})),
                "workspace": str(current_workspace_id()),
                "first": following.midnight(min(since)),
                "end": following.midnight(today + timedelta(days=1)),
            },
        )
        yield from _gathered(cursor.fetchall())


def _counted(asked: Sequence[tuple[UUID, UUID, str, int]], today: date) -> dict[UUID, Counted]:
    """How many events there are for each indicator (id, customer, name, threshold), and the day there were enough."""
    if not asked:
        return {}
    ids, customers, names, thresholds = zip(*asked, strict=True)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT asked.id, counted.events, counted.reached
            FROM unnest(%(ids)s::uuid[], %(customers)s::uuid[], %(names)s::text[], %(thresholds)s::int[])
              AS asked (id, customer, name, threshold)
            CROSS JOIN LATERAL (
              SELECT count(*) AS events, max(day) FILTER (WHERE place = asked.threshold) AS reached FROM (
                SELECT (e.occurred_at AT TIME ZONE 'UTC')::date AS day,
                       row_number() OVER (ORDER BY e.occurred_at) AS place
                FROM health_event e WHERE e.workspace_id = %(workspace)s AND e.customer_id = asked.customer
                  AND e.name = asked.name AND e.occurred_at < %(end)s) AS numbered) AS counted
            """,
            {
                "ids": literal(list(map(str, ids))),
                "customers": literal(list(map(str, customers))),
                "names": list(names),
                "thresholds": literal(list(thresholds)),
                "workspace": str(current_workspace_id()),
                "end": following.midnight(today + timedelta(days=1)),
            },
        )
        return {row[0]: Counted(row[1], row[2]) for row in cursor.fetchall()}


def _gathered(
    rows: Iterable[tuple[UUID, list[int], list[int], list[int], list[str]]],
) -> Iterator[tuple[UUID, list[KnownUse]]]:
    """Each person's use in order, by day and day known; of several names, the counts together."""
    for contact_id, *columns in rows:
        uses: list[KnownUse] = []
        for day, known, number, name in zip(*columns, strict=True):
            counts = {name: number} if name else _NO_COUNTS
            if uses and (uses[-1].use.day, uses[-1].known) == (day, known):
                last = uses.pop().use
                uses.append(KnownUse(Use(day, last.total + number, {**last.counts, **counts}), known))
            else:
                uses.append(KnownUse(Use(day, number, counts), known))
        yield contact_id, uses


def forget(customer_id: UUID) -> None:
    """A customer is being deleted."""
    AdoptionMark.objects.filter(workspace_id=current_workspace_id(), customer_id=customer_id).delete()
