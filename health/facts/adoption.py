"""Adoption as a source of measures: how many people stand where, and which share of the seats they are."""

from __future__ import annotations

from datetime import date

import numpy as np

from csplatform.core.arrays import literal
from csplatform.core.columns import fetch_columns
from csplatform.core.tenancy import current_workspace_id
from health.facts import known
from health.facts.known import Rows, chosen, is_last, ordinal
from health.facts.sources import Asked, Reader
from health.measures import Floats, Spec, Told
from journeys.models import PersonState

_STATES = list(PersonState.values)


def load(asked: Asked) -> Reader:
    """Where people stood, in habit unless told, by the days of their use; unknown before anybody was invited or seen.

    What late use or other rules have put right since then counts as it was known: see ``AdoptionVersion``.
    """
    n = len(asked.customer_ids)
    found = _load(asked)

    def read(spec: Spec, day: date, known_by: date) -> Told:
        by = known_by.toordinal()
        told = chosen(found, (found["day"] <= min(day, known_by).toordinal()) & (found["known_on"] <= by))
        told = chosen(told, told["known_until"] > by)
        last = known.latest(n, told["customer"], told["day"], through=day.toordinal())
        there = chosen(told, is_last(told["customer"], told["person"]))
        wanted = spec.part("state") or PersonState.HABITUAL
        count = known.count(n, there["customer"][there["state"] == _STATES.index(wanted) + 1])
        if spec.aggregation == "share_of_seats":
            count = _of_seats(count, asked.contracts.seats(day, known_by))
        return Told(np.where(last >= 0, count, np.nan), last)

    return read


def _load(asked: Asked) -> Rows:
    """Changes of state by customer, person and day, each with the days from which and until which it was held true."""
    cut = asked.recorded_by or "infinity"
    ids, workspace = literal(asked.customer_ids), str(current_workspace_id())
    return fetch_columns(
        f"""
        WITH here AS MATERIALIZED (
          SELECT id, (n - 1)::int4 AS place FROM unnest(%s::uuid[]) WITH ORDINALITY AS t(id, n))
        SELECT place, uuid_hash_extended(contact_id, 0)::int8, {ordinal("day")},
               coalesce(array_position(%s::text[], state::text), 0)::int4, {ordinal("known_on")}, {ordinal("until")}
        FROM (
          SELECT place, v.contact_id, v.day, v.state, coalesce(v.known_on, v.day) AS known_on, NULL::date AS until
          FROM here JOIN journeys_adoptionchange v ON v.workspace_id = %s AND v.customer_id = here.id
          WHERE v.recorded_at <= %s
          UNION ALL
          SELECT place, v.contact_id, v.day, v.state, v.known_on,
                 CASE WHEN v.closed_at <= %s THEN v.known_until END
          FROM here JOIN journeys_adoptionversion v ON v.workspace_id = %s AND v.customer_id = here.id
          WHERE v.recorded_at <= %s
        ) AS told ORDER BY 1, 2, 3, 5
        """,
        [ids, _STATES, workspace, cut, cut, workspace, cut],
        {"customer": "i4", "person": "i8", "day": "i4", "state": "i4", "known_on": "i4", "known_until": "i4"},
    )


def _of_seats(count: Floats, seats: Floats) -> Floats:
    """The share of the seats; unknown where none are recorded."""
    share: Floats = np.divide(count, seats, out=np.full(len(count), np.nan), where=seats > 0)
    return share
