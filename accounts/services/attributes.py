"""Custom attributes: definitions that carry a type, and values kept as typed rows."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection

from accounts import values
from accounts.models import AttributeDefinition, AttributeKind, AttributeValue
from csplatform.core.ids import uuid7
from csplatform.core.tenancy import current_workspace_id

MAX_DEFINITIONS = 300
_NUMBER_LIMIT = Decimal(9 * 10**14)

_COLUMN = {
    AttributeKind.TEXT: "text_value",
    AttributeKind.NUMBER: "number_value",
    AttributeKind.DATE: "date_value",
    AttributeKind.BOOLEAN: "boolean_value",
}


def key_of(label: str) -> str:
    """The key of a column or field name: ``Plan tier (EU)`` → ``plan_tier_eu``; letters of any script stay."""
    plain = unicodedata.normalize("NFKC", label).strip().lower()
    return re.sub(r"[^\w]+", "_", plain).strip("_")[:60] or "column"


def _number(value: object) -> int | None:
    parsed = values.number(value)
    if parsed is None:
        return None
    if abs(parsed) > _NUMBER_LIMIT:
        raise ValueError("is a larger number than an attribute can hold")
    return int((parsed * AttributeValue.NUMBER_SCALE).to_integral_value())


def _text(value: object) -> str | None:
    if isinstance(value, (dict, list)):
        value = json.dumps(value, ensure_ascii=False)
    return values.text(value, limit=1000) or None


_CLEAN: dict[str, Callable[[object], Any]] = {
    AttributeKind.TEXT: _text,
    AttributeKind.NUMBER: _number,
    AttributeKind.DATE: values.day,
    AttributeKind.BOOLEAN: values.yes_or_no,
}

_KIND_WORDS = {
    AttributeKind.NUMBER: "a number",
    AttributeKind.DATE: "a date",
    AttributeKind.BOOLEAN: "yes or no",
    AttributeKind.TEXT: "text",
}


def clean_value(definition: AttributeDefinition, value: object) -> Any:
    """``value`` as stored for ``definition``; raises ``ValueError`` when it is of another type."""
    try:
        return _CLEAN[definition.kind](value)
    except ValueError as error:
        kind = _KIND_WORDS[AttributeKind(definition.kind)]
        raise ValueError(f"{error} (this attribute holds {kind})") from None


def fits(kind: AttributeKind, value: object) -> bool:
    """Whether ``value`` could be read as ``kind``: used to choose the type of a new attribute."""
    written = str(value).strip()
    if kind == AttributeKind.BOOLEAN and not isinstance(value, bool) and written in {"0", "1"}:
        return False
    if kind == AttributeKind.NUMBER and isinstance(value, str) and re.match(r"[+]|0\d", written):
        return False  # a telephone number or postcode loses its beginning as a number
    try:
        _CLEAN[kind](value)
    except ValueError:
        return False
    return True


def definitions() -> dict[str, AttributeDefinition]:
    """The active workspace's definitions by key."""
    return {definition.key: definition for definition in AttributeDefinition.objects.all()}


def define(*, wanted: Mapping[str, tuple[str, AttributeKind]], now: datetime) -> dict[str, AttributeDefinition]:
    """Make sure of definitions by key (label and kind used only for new ones); returns all of the workspace.

    Raises ``ValueError`` when there would be more than ``MAX_DEFINITIONS``.
    """
    present = definitions()
    new = [
        AttributeDefinition(
            workspace_id=current_workspace_id(), key=key, label=label[:120], kind=str(kind), created_at=now
        )
        for key, (label, kind) in wanted.items()
        if key not in present
    ]
    if not new:
        return present
    if len(present) + len(new) > MAX_DEFINITIONS:
        raise ValueError(f"This would make {len(present) + len(new)} attributes; {MAX_DEFINITIONS} is the limit.")
    AttributeDefinition.objects.bulk_create(new, ignore_conflicts=True)
    return definitions()


def current(customer_ids: Iterable[UUID]) -> dict[UUID, dict[UUID, Any]]:
    """Stored values by customer and definition."""
    found: dict[UUID, dict[UUID, Any]] = {}
    columns = ("text_value", "number_value", "date_value", "boolean_value")
    rows = AttributeValue.objects.filter(customer_id__in=list(customer_ids))
    for customer_id, definition_id, *cells in rows.values_list("customer_id", "definition_id", *columns):
        found.setdefault(customer_id, {})[definition_id] = next((cell for cell in cells if cell is not None), None)
    return found


def write(changes: Iterable[tuple[UUID, AttributeDefinition, Any]]) -> None:
    """Store cleaned values; None removes one."""
    gone: list[tuple[UUID, UUID]] = []
    kept: list[tuple[Any, ...]] = []
    for customer_id, definition, value in changes:
        if value is None:
            gone.append((customer_id, definition.pk))
            continue
        cells = [value if column == _COLUMN[AttributeKind(definition.kind)] else None for column in _COLUMN.values()]
        kept.append((uuid7(), customer_id, definition.pk, *cells))
    with connection.cursor() as cursor:
        if gone:
            cursor.execute(
                "DELETE FROM accounts_attributevalue WHERE (customer_id, definition_id) IN "
                "(SELECT * FROM unnest(%s::uuid[], %s::uuid[]))",
                [[str(c) for c, _ in gone], [str(d) for _, d in gone]],
            )
        if kept:
            arrays = [list(column) for column in zip(*kept, strict=True)]
            cursor.execute(
                """
                INSERT INTO accounts_attributevalue
                  (id, workspace_id, customer_id, definition_id, text_value, number_value, date_value, boolean_value)
                SELECT id, %s::uuid, customer_id, definition_id, text_value, number_value, date_value, boolean_value
                FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::text[], %s::bigint[], %s::date[], %s::boolean[])
                     AS told(id, customer_id, definition_id, text_value, number_value, date_value, boolean_value)
                ON CONFLICT (customer_id, definition_id) DO UPDATE SET
                  text_value = excluded.text_value, number_value = excluded.number_value,
                  date_value = excluded.date_value, boolean_value = excluded.boolean_value
                """,
                [str(current_workspace_id()), *([str(v) for v in a] for a in arrays[:3]), *arrays[3:]],
            )
