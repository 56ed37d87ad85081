"""Copies of all customers of a workspace with what scores, lists and the night read of them, made by the database.

A copied row keeps all but its own id, the ids of copied rows it points at, and its external id. Of a copied contact or
contract only the newest version is known, which the database writes down by itself. Tasks, runs of playbooks, keys of
messages and the letters names are searched by are not copied.
"""

from __future__ import annotations

from typing import Any

from django.db import connection, models

from accounts.models import Contact, Customer, CustomerHealth, RenewalNews, Subscription, Workspace
from health.models import (
    Alert,
    ContactSeen,
    Event,
    FeatureSeen,
    HealthScore,
    HealthSnapshot,
    UsageWindow,
)
from journeys.models import AdoptionChange, AdoptionCount, AdoptionState, Lap, Move

_COPIED: tuple[type[models.Model], ...] = (
    Customer,
    CustomerHealth,
    Contact,
    Subscription,
    RenewalNews,
    Lap,
    Move,
    Event,
    UsageWindow,
    ContactSeen,
    FeatureSeen,
    AdoptionState,
    AdoptionChange,
    AdoptionCount,
    HealthScore,
    HealthSnapshot,
    Alert,
)
# Whose a row is, where no foreign key says so.
_LOOSE = {"message_key", "customer_id", "contact_id"}


def multiply(workspace: Workspace, times: int) -> None:
    """Make ``times`` customers of each one in the active ``workspace``."""
    for model in _COPIED:
        _copy(model, workspace, times)


def _copy(model: type[models.Model], workspace: Workspace, times: int) -> None:
    fields = [field for field in model._meta.concrete_fields if not isinstance(field, models.AutoField)]
    columns = [connection.ops.quote_name(str(field.column)) for field in fields]
    told = ", ".join(_expression(field) for field in fields)
    table = connection.ops.quote_name(model._meta.db_table)
    there = ""
    if model is CustomerHealth:  # the row comes with the customer, empty
        sets = ", ".join(f"{name} = EXCLUDED.{name}" for name in columns)
        there = f"AND coverage IS NOT NULL ON CONFLICT (customer_id) DO UPDATE SET {sets}"
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({', '.join(columns)}) SELECT {told} "
            f"FROM {table} AS kept, generate_series(1, %s) AS copy WHERE kept.workspace_id = %s {there}",
            [times - 1, str(workspace.pk)],
        )


def _expression(field: models.Field[Any, Any]) -> str:
    """The copy's value of a column: another id, the same for all who point at the same row's copy, or as it was."""
    column = f'kept."{field.column}"'
    points = field.remote_field is not None and field.remote_field.model in _COPIED
    is_own = field.primary_key and isinstance(field, models.UUIDField)
    if points or is_own or field.column in _LOOSE:
        return f"md5({column}::text || copy)::uuid"
    return f"{column} || '-' || copy" if field.column == "external_id" else column
