"""Which database role may do what, and the refusal to run as a role for which row-level security is off."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connections
from django.db.utils import DEFAULT_DB_ALIAS

from csplatform.core.routers import OWNER

_ROLE_QUERY = """
SELECT r.rolname, r.rolsuper, r.rolbypassrls,
       EXISTS (SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
               WHERE n.nspname = current_schema() AND c.relrowsecurity AND pg_has_role(r.oid, c.relowner, 'USAGE'))
FROM pg_roles r WHERE r.rolname = current_user
"""


def refuse_unsafe_role(connection: Any, **_: Any) -> None:
    """On every new connection of the app: stop when its role could see every workspace's rows.

    Superusers and BYPASSRLS roles ignore row-level security; a table's owner could switch it off.
    """
    if connection.alias != DEFAULT_DB_ALIAS or getattr(connection, "_role_is_safe", False):
        return
    with connection.cursor() as cursor:
        cursor.execute(_ROLE_QUERY)
        name, superuser, bypass, owner = cursor.fetchone()
    problem = (
        "is a superuser"
        if superuser
        else "may bypass row-level security"
        if bypass
        else "owns the tables"
        if owner
        else ""
    )
    if problem:
        connection.close()
        raise ImproperlyConfigured(
            f"DATABASE_URL connects as {name!r}, which {problem}: tenants would not be kept apart. "
            "Connect as a plain role (see `manage.py setup_roles`)."
        )
    connection._role_is_safe = True


def grant_to_app(**_: Any) -> None:
    """After migrations: let the app's role read and write rows, and nothing more."""
    role = str(settings.DATABASES[DEFAULT_DB_ALIAS]["USER"])
    connection = connections[OWNER]
    quoted = connection.ops.quote_name(role)
    with connection.cursor() as cursor:
        cursor.execute(f"GRANT USAGE ON SCHEMA public TO {quoted}")
        cursor.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {quoted}")
        cursor.execute(f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {quoted}")
