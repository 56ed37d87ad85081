"""What only the owner's role may do to the test database."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
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


@contextmanager
def _owner_session(database: str) -> Iterator[Any]:
    owner = settings.DATABASES[OWNER]
    session = psycopg2.connect(
        host=owner["HOST"], port=owner["PORT"], user=owner["USER"], password=owner["PASSWORD"], dbname=database
    )
    session.autocommit = True
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
    """Empty every table. The app's role may not truncate, and shall not: the owner cleans up after it."""
    connection.close()  # first, so that its temporary tables are not listed
    tables = sorted(set(connection.introspection.table_names()) - _KEPT)
    connection.close()
    as_owner(str(settings.DATABASES[OWNER]["NAME"]), f"TRUNCATE {', '.join(tables)} CASCADE")


def analyze(*tables: str) -> None:
    """Fresh statistics and visibility, as autovacuum gives them."""
    as_owner(str(settings.DATABASES[OWNER]["NAME"]), *(f"VACUUM ANALYZE {table}" for table in tables))
