"""A CSM's judgement as a source of measures."""

from __future__ import annotations

from datetime import date

import numpy as np

from csplatform.core.arrays import literal
from csplatform.core.columns import fetch_columns
from csplatform.core.tenancy import current_workspace_id
from health.facts.known import chosen, is_last, ordinal, ordinal_of_moment
from health.facts.sources import Asked, Reader
from health.measures import Spec, Told


def load(asked: Asked) -> Reader:
    """The newest judgement by the day, from 1 to 5; unknown without one, and once its last day is over."""
    n = len(asked.customer_ids)
    found = fetch_columns(
        f"""
        SELECT (t.n - 1)::int4, v.made_at, {ordinal_of_moment("v.made_at")}, {ordinal("v.until")}, v.score::int4
        FROM unnest(%s::uuid[]) WITH ORDINALITY AS t(id, n)
        JOIN health_judgement v ON v.workspace_id = %s AND v.customer_id = t.id AND v.made_at <= %s
        ORDER BY t.n, v.made_at, v.id
        """,
        [literal(asked.customer_ids), str(current_workspace_id()), asked.recorded_by or "infinity"],
        {"customer": "i4", "made_at": "i8", "made_on": "i4", "until": "i4", "score": "i4"},
    )

    def read(spec: Spec, day: date, known_by: date) -> Told:
        now = day.toordinal()
        told = chosen(found, found["made_on"] <= min(now, known_by.toordinal()))
        told = chosen(told, is_last(told["customer"]))
        values, last = np.full(n, np.nan), np.full(n, -1, dtype=np.int64)
        values[told["customer"]] = np.where(told["until"] >= now, told["score"], np.nan)
        last[told["customer"]] = told["made_on"]
        return Told(values, last)

    return read
