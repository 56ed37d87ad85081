"""What only the owner's role may do to the test database."""

from __future__ import annotations

from typing import Any

import psycopg2
from django.conf import settings
from django.db import connection

from csplatform.core.routers import OWNER

# Rows that migrations put there and every test may rely on.
_KEPT = {"django_migrations", "django_content_type", "auth_permission"}


def as_owner(database: str, *statements: str) -> None:
    """Run ``statements`` in ``database``, each in its own transaction."""
    owner = settings.DATABASES[OWNER]
    session = psycopg2.connect(
        host=owner["HOST"], port=owner["PORT"], user=owner["USER"], password=owner["PASSWORD"], dbname=database
    )
    session.autocommit = True
    with session.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
    session.close()


def flush(_case: Any = None) -> None:
    """Empty every table. The app's role may not truncate, and shall not: the owner cleans up after it."""
    connection.close()  # first, so that its temporary tables are not listed
    tables = sorted(set(connection.introspection.table_names()) - _KEPT)
    connection.close()
    as_owner(str(settings.DATABASES[OWNER]["NAME"]), f"TRUNCATE {', '.join(tables)} CASCADE")


def analyze(*tables: str) -> None:
    """Fresh statistics and visibility, as autovacuum gives them."""
    as_owner(str(settings.DATABASES[OWNER]["NAME"]), *(f"VACUUM ANALYZE {table}" for table in tables))
