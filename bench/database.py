"""A database of the bench's own: made anew, migrated, dropped at the end. Imports no Django models."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg2

NAME = "boomerang_bench"
_LOCK = 7_305_114  # any number of our own: one bench at a time on a server


@contextmanager
def own() -> Iterator[None]:
    """Point DATABASE_URL and DATABASE_OWNER_URL at a fresh database while the block runs.

    Raises ``RuntimeError`` when another bench runs on the server or the owner's role may not make databases.
    """
    addresses = {name: os.environ[name] for name in ("DATABASE_URL", "DATABASE_OWNER_URL")}
    with closing(psycopg2.connect(addresses["DATABASE_OWNER_URL"])) as session:
        session.autocommit = True
        with session.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [_LOCK])
            row = cursor.fetchone()
            if not (row and row[0]):
                raise RuntimeError("Another bench is running on this database server.")
            _drop(cursor)
            try:
                cursor.execute(f'CREATE DATABASE "{NAME}"')
            except psycopg2.errors.InsufficientPrivilege as error:
                raise RuntimeError(
                    "The role of DATABASE_OWNER_URL may not create databases, and the bench wants one of its own: "
                    "leave DATABASE_URL unset to use the embedded server, or grant CREATEDB."
                ) from error
            try:
                for name, address in addresses.items():
                    os.environ[name] = urlunsplit(urlsplit(address)._replace(path=f"/{NAME}"))
                yield
            finally:
                os.environ.update(addresses)
                _drop(cursor)


def _drop(cursor: Any) -> None:
    """Drop the database, with patience: an autovacuum worker in it is the superuser's, whom we may not send away."""
    for attempt in range(20, -1, -1):
        try:
            cursor.execute(f'DROP DATABASE IF EXISTS "{NAME}" WITH (FORCE)')
        except (psycopg2.errors.InsufficientPrivilege, psycopg2.errors.ObjectInUse):
            if not attempt:
                raise
            time.sleep(0.5)
        else:
            return
