"""Locks on a name, for what has no row yet. They belong to the active workspace and end with the transaction."""

from __future__ import annotations

import hashlib

from django.db import connection

from csplatform.core.tenancy import current_workspace_id


def hold(name: str) -> None:
    """Wait until nobody else holds ``name``, then hold it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_number(name)])


def share(name: str) -> None:
    """Wait until nobody holds ``name``, then keep others from holding it; any number may share it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", [_number(name)])


def try_hold(name: str) -> bool:
    """Hold ``name`` unless somebody else does; says whether it is held."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_number(name)])
        (taken,) = cursor.fetchone()
    return bool(taken)


def _number(name: str) -> int:
    digest = hashlib.blake2b(f"{current_workspace_id()}:{name}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, signed=True)
