"""Adoption as a source of measures: how many people stand where, and which share of the seats they are."""

from __future__ import annotations

from datetime import date

import numpy as np

from csplatform.core.arrays import literal
from csplatform.core.columns import fetch_columns
from csplatform.core.tenancy import current_workspace_id
from health.facts import contracts, known
from health.facts.known import chosen, is_last, ordinal
from health.facts.sources import Asked, Reader
from health.measures import Floats, Spec, Told
from journeys.models import PersonState


def load(asked: Asked) -> Reader:
    """Where people stood, in habit unless told, by the days of their use; unknown before anybody was invited or seen.

    A state follows from events and the workspace's rules, and is known on its day. Events that arrive late move it.
    """
    n, states = len(asked.customer_ids), list(PersonState.values)
    found = fetch_columns(
        f"""
        SELECT (t.n - 1)::int4, uuid_hash_extended(v.contact_id, 0)::int8, {ordinal("v.day")},
               coalesce(array_position(%s::text[], v.state::text), 0)::int4
        FROM unnest(%s::uuid[]) WITH ORDINALITY AS t(id, n)
        JOIN journeys_adoptionchange v ON v.workspace_id = %s AND v.customer_id = t.id
        ORDER BY 1, 2, 3
        """,
        [states, literal(asked.customer_ids), str(current_workspace_id())],
        {"customer": "i4", "person": "i8", "day": "i4", "state": "i4"},
    )
    paid = contracts.of(asked) if any(spec.aggregation == "share_of_seats" for spec in asked.specs) else None

    def read(spec: Spec, day: date, known_by: date) -> Told:
        told = chosen(found, found["day"] <= min(day, known_by).toordinal())
        last = known.latest(n, told["customer"], told["day"], through=day.toordinal())
        there = chosen(told, is_last(told["customer"], told["person"]))
        wanted = spec.part("state") or PersonState.HABITUAL
        count = known.count(n, there["customer"][there["state"] == states.index(wanted) + 1])
        if paid is not None and spec.aggregation == "share_of_seats":
            count = _of_seats(count, [each.seats for each in paid.contracts(day, known_by)])
        return Told(np.where(last >= 0, count, np.nan), last)

    return read


def _of_seats(count: Floats, seats: list[int | None]) -> Floats:
    """The share of the seats; unknown where none are recorded."""
    bought = np.array([each or 0 for each in seats], dtype=np.float64)
    share: Floats = np.divide(count, bought, out=np.full(len(count), np.nan), where=bought > 0)
    return share
