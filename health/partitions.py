"""Monthly partitions of the events, made and dropped by the owner's role, each under the row policy.

The default partition is a net: an event whose month has none lands there and is still found.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from contextlib import closing
from datetime import date

import psycopg2
import structlog
from django.conf import settings
from django.db import connection, connections

from accounts.terms import add_months
from csplatform.core.rls import enable_sql
from csplatform.core.routers import OWNER

log = structlog.get_logger(__name__)
_PAUSE_SECONDS = 30.0
_known: set[tuple[str, date]] = set()
_refused: dict[tuple[str, date], float] = {}


def name_of(month: date) -> str:
    """The table that holds the events of ``month`` (its first day)."""
    return f"health_event_{month:%Y_%m}"


def ensure(months: Iterable[date], *, attempts: int = 1) -> None:
    """Make the partitions of ``months`` that do not exist. Call before the transaction touches events.

    Waits for a lock no longer than a second, so that nobody queues behind a long reader; a month that cannot be
    made now (a busy table, or rows of it in the default partition) goes to the default partition.
    """
    database = str(settings.DATABASES[OWNER]["NAME"])
    for month in sorted(set(months)):
        place = (database, month)
        if place in _known or _refused.get(place, 0.0) > time.monotonic():
            continue
        if name_of(month) in existing() or _make(month, attempts):
            _known.add(place)
        else:
            _refused[place] = time.monotonic() + _PAUSE_SECONDS


def ahead(today: date) -> list[date]:
    """The months that must be ready on ``today``: this one and the next two."""
    return [add_months(today.replace(day=1), number) for number in range(3)]


def drop_before(month: date) -> list[str]:
    """Drop the partitions of months before ``month``; returns their names. Keys are forgotten by the caller."""
    first = name_of(month)
    old = sorted(name for name in existing() if name < first and name != "health_event_default")
    for name in old:
        _as_owner([f'DROP TABLE "{name}"'])
    _known.clear()
    return old


def existing() -> set[str]:
    """The names of the partitions there are."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid "
            "WHERE i.inhparent = 'health_event'::regclass"
        )
        return {row[0] for row in cursor.fetchall()}


def _make(month: date, attempts: int) -> bool:
    name = name_of(month)
    app = connection.ops.quote_name(str(settings.DATABASES["default"]["USER"]))
    statements = [
        f'CREATE TABLE IF NOT EXISTS "{name}" PARTITION OF health_event '
        f"FOR VALUES FROM ('{month} 00:00:00+00') TO ('{add_months(month, 1)} 00:00:00+00')",
        *enable_sql(name),
        f'GRANT SELECT, INSERT, UPDATE, DELETE ON "{name}" TO {app}',
    ]
    for attempt in range(1, attempts + 1):
        try:
            _as_owner(statements)
            return True
        except psycopg2.Error as error:
            log.warning("a partition could not be made", partition=name, attempt=attempt, error=str(error).strip())
            if attempt < attempts:
                time.sleep(0.2 * attempt)
    return False


def _as_owner(statements: Sequence[str]) -> None:
    """Run in one transaction on a connection of its own: no process keeps the owner's rights open."""
    parameters = connections[OWNER].get_connection_params()
    with closing(psycopg2.connect(**parameters)) as session, session, session.cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = '1s'")
        for statement in statements:
            cursor.execute(statement)
