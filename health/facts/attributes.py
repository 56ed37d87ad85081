"""Customers' own numbers (numeric custom attributes) as a source of measures."""

from __future__ import annotations

from datetime import date

import numpy as np

from accounts.models import AttributeValue
from csplatform.core.arrays import literal
from csplatform.core.columns import fetch_columns
from csplatform.core.tenancy import current_workspace_id
from health.facts.known import chosen, is_last, ordinal_of_moment
from health.facts.sources import Asked, Reader
from health.measures import Spec, Told


def load(asked: Asked) -> Reader:
    """The attribute as it was known last; the newest day behind it is the one it was told."""
    n, keys = len(asked.customer_ids), sorted({spec.part("key") for spec in asked.specs})
    found = fetch_columns(
        f"""
        SELECT (t.n - 1)::int4, (array_position(%s::text[], d.key::text) - 1)::int4, {ordinal_of_moment("v.known_at")},
               coalesce(v.number_value::float8 / {AttributeValue.NUMBER_SCALE}, 'NaN')::float8
        FROM unnest(%s::uuid[]) WITH ORDINALITY AS t(id, n)
        JOIN accounts_attributeversion v ON v.workspace_id = %s AND v.customer_id = t.id AND v.recorded_at <= %s
        JOIN accounts_attributedefinition d ON d.workspace_id = v.workspace_id AND d.id = v.definition_id
         AND d.key = ANY(%s)
        ORDER BY t.n, 2, v.known_at, v.id
        """,
        [keys, literal(asked.customer_ids), str(current_workspace_id()), asked.recorded_by or "infinity", keys],
        {"customer": "i4", "key": "i4", "known_on": "i4", "value": "f8"},
    )

    def read(spec: Spec, day: date, known_by: date) -> Told:
        mine = chosen(found, found["key"] == keys.index(spec.part("key")))
        told = chosen(mine, mine["known_on"] <= min(day, known_by).toordinal())
        told = chosen(told, is_last(told["customer"]))
        values, last = np.full(n, np.nan), np.full(n, -1, dtype=np.int64)
        values[told["customer"]] = told["value"]
        last[told["customer"]] = told["known_on"]
        return Told(values, last)

    return read
