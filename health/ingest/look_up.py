"""External ids to ids, a batch at a time. Ids travel as text here; see ``health.arrivals``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import connection

from csplatform.core.tenancy import current_workspace_id


def customers(external_ids: Iterable[str]) -> dict[str, str]:
    """The ids of the known customers among ``external_ids``."""
    return dict(_query("SELECT external_id, id::text FROM accounts_customer", external_ids))


def contacts(external_ids: Iterable[str]) -> dict[str, tuple[str, str | None]]:
    """The known contacts among ``external_ids``: their id and their customer's id, if they have one."""
    rows = _query("SELECT external_id, id::text, customer_id::text FROM accounts_contact", external_ids)
    return {external_id: (contact, customer) for external_id, contact, customer in rows}


def _query(select: str, external_ids: Iterable[str]) -> list[tuple[Any, ...]]:
    wanted = sorted(external_ids)
    if not wanted:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            f"{select} WHERE workspace_id = %s AND external_id = ANY(%s)", [str(current_workspace_id()), wanted]
        )
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows
