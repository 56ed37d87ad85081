"""What only the owner's role may do to the test database."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import psycopg2
from django.conf import settings
from django.core.management import call_command
from django.db import connection, connections

from csplatform.core.routers import OWNER

_ROOT = Path(__file__).parents[1]
_MAKING = 7_304_118  # the advisory lock of whoever makes a database: any number nobody else uses
# Rows that migrations put there and every test may rely on.
_KEPT = {"django_migrations", "django_content_type", "auth_permission"}


def as_owner(database: str, *statements: str) -> None:
    """Run ``statements`` in ``database``, each in its own transaction."""
    with _owner_session(database) as cursor:
        for statement in statements:
            cursor.execute(statement)


def _owner_connection(database: str) -> Any:
    owner = settings.DATABASES[OWNER]
    session = psycopg2.connect(
        host=owner["HOST"], port=owner["PORT"], user=owner["USER"], password=owner["PASSWORD"], dbname=database
    )
    session.autocommit = True
    return session


@cache
def _cleaner(database: str) -> Any:
    """A session that stays open, because one that already knows all tables cleans them up four times as fast."""
    return _owner_connection(database)


@contextmanager
def _owner_session(database: str) -> Iterator[Any]:
    session = _owner_connection(database)
    try:
        with session.cursor() as cursor:
            yield cursor
    finally:
        session.close()


def make(name: str, *, beside: str) -> None:
    """A migrated, empty database ``name``, which every connection then leads to; an old one of this name goes.

    It is copied from one that was migrated today from the same sources, where the server of ``beside`` has one:
    all migrations take longer than most runs of a few tests.
    """
    migrated = f"migrated_{_sources()}"
    with _owner_session(beside) as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [_MAKING])
        cursor.execute("SELECT datname FROM pg_database WHERE datname LIKE 'migrated\\_%'")
        kept = {row[0] for row in cursor.fetchall()}
        if migrated not in kept:
            for old in kept | {name}:
                cursor.execute(f'DROP DATABASE IF EXISTS "{old}" WITH (FORCE)')
            cursor.execute(f'CREATE DATABASE "{name}"')
            lead_to(name)
            call_command("migrate", verbosity=0, interactive=False, database=OWNER)
            connections.close_all()
            cursor.execute(f'CREATE DATABASE "{migrated}" TEMPLATE "{name}"')
        else:
            cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            cursor.execute(f'CREATE DATABASE "{name}" TEMPLATE "{migrated}"')
            lead_to(name)
        # No test cuts the power, and a commit that waits for the disk takes longer than most of what tests commit.
        cursor.execute(f'ALTER DATABASE "{name}" SET synchronous_commit = off')


def lead_to(name: str) -> None:
    """Every connection of this process leads to the database ``name``."""
    for alias in connections:
        connections[alias].close()
        connections[alias].settings_dict["NAME"] = name
        settings.DATABASES[alias]["NAME"] = name


def _sources() -> str:
    """What a migrated database is made of, in short: the migrations, what they import, the packages, and the day.

    The day, because partitions are made for the months around it.
    """
    files = [*_ROOT.glob("*/migrations/*.py"), *_ROOT.glob("*/*/migrations/*.py"), *_ROOT.glob("csplatform/core/*.py")]
    digest = hashlib.sha256(datetime.now(UTC).date().isoformat().encode())
    for file in (_ROOT / "requirements-dev.lock", *sorted(files)):
        digest.update(file.name.encode() + file.read_bytes())
    return digest.hexdigest()[:16]


def flush(_case: Any = None) -> None:
    """Empty every table. The app's role may neither truncate nor see all rows: the owner cleans up after it."""
    connection.close()
    with _cleaner(str(settings.DATABASES[OWNER]["NAME"])).cursor() as cursor:
        cursor.execute(_WRITTEN, [list(_KEPT)])
        written = cursor.fetchall()
        if sum(size for _name, _forced, size in written) > _WORTH_TRUNCATING:
            cursor.execute(_EVERYTHING, [list(_KEPT)])
            cursor.execute(f"TRUNCATE {', '.join(name for (name,) in cursor.fetchall())} CASCADE")
        elif written:
            cursor.execute("; ".join(_deleting([(name, forced) for name, forced, _size in written])))


# A tenth of a second and more goes into truncating hundreds of tables and their indexes, however empty they are; most
# tests write to few. Those that were written to stay larger than nothing, until they are truncated.
_WORTH_TRUNCATING = 2 * 1024 * 1024  # bytes
_WRITTEN = """
    SELECT oid::regclass::text, relforcerowsecurity, pg_relation_size(oid) FROM pg_class
    WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname <> ALL (%s) AND pg_relation_size(oid) > 0
"""
_EVERYTHING = """
    SELECT oid::regclass::text FROM pg_class
    WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace AND relname <> ALL (%s)
"""


def _deleting(tables: Sequence[tuple[str, bool]]) -> Iterator[str]:
    """Statements to send at once, as one transaction: row policies and triggers rest meanwhile."""
    for name, forced in tables:
        yield f"ALTER TABLE {name} DISABLE TRIGGER USER" + (", NO FORCE ROW LEVEL SECURITY" if forced else "")
    for name, _forced in tables:
        yield f"DELETE FROM {name}"
    yield "SET CONSTRAINTS ALL IMMEDIATE"
    for name, forced in tables:
        yield f"ALTER TABLE {name} ENABLE TRIGGER USER" + (", FORCE ROW LEVEL SECURITY" if forced else "")


def analyze(*tables: str) -> None:
    """Fresh statistics and visibility, as autovacuum gives them."""
    as_owner(str(settings.DATABASES[OWNER]["NAME"]), *(f"VACUUM ANALYZE {table}" for table in tables))
