"""Tenants never meet: scoped managers that raise when unscoped, and the database setting the row policies read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import structlog
from django.db import connection, models, transaction
from django_scopes import ScopedManager, get_scope, scope

from csplatform.core.ids import uuid7


def _set_workspace(value: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('app.workspace', %s, true)", [value])


@contextmanager
def workspace_scope(workspace: Any) -> Iterator[None]:
    """Everything inside sees the rows of ``workspace`` (a Workspace or its id) and no other.

    Opens a transaction, because the setting that the row policies read lives exactly as long as one; nested
    scopes restore the outer workspace. Leaving resets the setting where a transaction surrounds the scope (a
    test's, say), so that it cannot hide an unscoped query; elsewhere it ends with the scope's own.
    """
    workspace_id: UUID = getattr(workspace, "pk", workspace)
    is_inner = connection.in_atomic_block
    outer: UUID | None = get_scope().get("workspace")
    with (
        scope(workspace=workspace_id),
        structlog.contextvars.bound_contextvars(workspace=str(workspace_id)),
        transaction.atomic(),
    ):
        _set_workspace(str(workspace_id))
        yield
        if is_inner and not connection.needs_rollback:
            _set_workspace(str(outer) if outer else "")


def current_workspace_id() -> UUID:
    """The workspace of the active scope; raises ``LookupError`` outside one."""
    workspace_id: UUID | None = get_scope().get("workspace")
    if workspace_id is None:
        raise LookupError("No workspace scope is active; wrap the call in workspace_scope().")
    return workspace_id


class TenantModel(models.Model):
    """A row that belongs to one workspace. Its table must carry the row policy (a guard test checks)."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE, db_index=False, related_name="+")

    objects = ScopedManager(workspace="workspace_id")

    class Meta:
        abstract = True
