"""Sponsors as a source of measures: how long nobody has heard of them, and how many left."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np

from csplatform.core.arrays import literal
from csplatform.core.columns import fetch_columns
from csplatform.core.tenancy import current_workspace_id
from health.facts import known
from health.facts.known import Known, Rows, Table, chosen, is_last, ordinal_of_moment
from health.facts.sources import Asked, Reader
from health.measures import Spec, Told

_TABLE = Table("accounts_contactversion", "contact_id", {"is_sponsor": ("v.is_sponsor::int4", "i4")})


def load(asked: Asked) -> Reader:
    """Sponsors as they were known; how long they have been silent is unknown where there is none."""
    people = Known(_TABLE, asked)
    heard = _Heard(asked)

    def read(spec: Spec, day: date, known_by: date) -> Told:
        if spec.aggregation == "left":
            return _left(spec, people, day, known_by)
        return _silence(spec, people, heard, day, known_by)

    return read


def _left(spec: Spec, people: Known, day: date, known_by: date) -> Told:
    """How many people ceased to be a sponsor here within the window, and are none now: gone, replaced or deleted."""
    now = day.toordinal()
    rows = chosen(people.rows, people.rows["known_on"] <= min(now, known_by.toordinal()))
    at = np.where(rows["is_sponsor"] > 0, rows["customer"], -1).astype(np.int64)
    last = is_last(rows["record"])
    now_at = at[np.flatnonzero(last)[np.cumsum(last) - last]]
    followed = np.flatnonzero(~last)
    gone = followed[(at[followed] >= 0) & (at[followed + 1] != at[followed]) & (now_at[followed] != at[followed])]
    lately = gone[rows["known_on"][gone + 1] > now - spec.window_days]
    pairs = np.unique(np.column_stack((at[lately], rows["record"][lately])), axis=0)
    told = known.latest(people.n, at[at >= 0], rows["known_on"][at >= 0], through=now)
    np.maximum.at(told, at[gone], rows["known_on"][gone + 1])
    ever = told >= 0
    return Told(np.where(ever, known.count(people.n, pairs[:, 0]), np.nan), told)


def _silence(spec: Spec, people: Known, heard: _Heard, day: date, known_by: date) -> Told:
    """Days since any of the present sponsors was last seen in the product or in a conversation.

    The window stands for "that long or longer".
    """
    now = day.toordinal()
    rows = people.by(min(day, known_by))
    sponsors = chosen(rows, rows["is_sponsor"] > 0)
    order = np.argsort(sponsors["record"])
    record, customer = sponsors["record"][order], sponsors["customer"][order]
    news = heard.through(day, spec.window_days, known_by)
    news = chosen(news, news["day"] <= now)
    last = np.full(people.n, -1, dtype=np.int64)
    values = np.full(people.n, np.nan)
    values[customer] = float(spec.window_days)
    if len(record):
        place = np.minimum(np.searchsorted(record, news["person"]), len(record) - 1)
        theirs = record[place] == news["person"]
        np.maximum.at(last, customer[place[theirs]], news["day"][theirs])
    spoke = last > now - spec.window_days
    values[spoke] = now - last[spoke]
    return Told(values, last)


class _Heard:
    """The days on which people who were ever sponsors did or said something.

    Use is read as far back as is asked for; conversations, which can be moved by a correction, are read whole.
    """

    def __init__(self, asked: Asked) -> None:
        self._params: list[Any] = [literal(asked.customer_ids), str(current_workspace_id())]
        self._cut: Any = asked.recorded_by or "infinity"
        self._parts: list[Rows] = []
        self._low = self._high = 0
        self._joined, self._held = self._read_talks()

    def through(self, day: date, days: int, known_by: date) -> Rows:
        """At least what is known to have happened in the ``days`` that end with ``day``: person and day."""
        low, high = day.toordinal() - days + 1, day.toordinal()
        if not self._parts:
            self._read(low, high)
            self._low, self._high = low, high
        if low < self._low:
            self._read(low, self._low - 1)
            self._low = low
        if high > self._high:
            self._read(self._high + 1, high)
            self._high = high
        by = known_by.toordinal()
        parts = [chosen(part, part["known_on"] <= by) for part in self._parts] + [self._talks(by)]
        return {name: np.concatenate([part[name] for part in parts]) for name in ("person", "day")}

    def _talks(self, by: int) -> Rows:
        """Conversations that were known to have been held, with those who were known to have taken part."""
        joined, held = (chosen(rows, rows["known_on"] <= by) for rows in (self._joined, self._held))
        joined, held = (chosen(rows, is_last(rows["party"]) & (rows["took_part"] > 0)) for rows in (joined, held))
        return chosen(held, np.isin(held["party"], joined["party"]))

    def _read(self, low: int, high: int) -> None:
        bounds = [date.fromordinal(max(low, 1)), date.fromordinal(high) + timedelta(days=1)]
        occurred, told = ordinal_of_moment("e.occurred_at"), ordinal_of_moment("e.known_at")
        found = fetch_columns(
            f"""
            {_PEOPLE}
            SELECT uuid_hash_extended(p.contact_id, 0)::int8, {occurred}, greatest({occurred}, {told})
            FROM people p JOIN health_event e ON e.workspace_id = %s AND e.customer_id = p.customer_id
             AND e.contact_id = p.contact_id AND e.occurred_at >= %s::timestamp AT TIME ZONE 'UTC'
             AND e.occurred_at < %s::timestamp AT TIME ZONE 'UTC' AND e.recorded_at <= %s
            GROUP BY 1, 2, 3
            """,
            [*self._params, self._params[1], *bounds, self._cut],
            {"person": "i8", "day": "i4", "known_on": "i4"},
        )
        self._parts.append(found)

    def _read_talks(self) -> tuple[Rows, Rows]:
        """Who took part, and when it was held: versions by ``party`` (person, customer and conversation), in order."""
        who = "uuid_hash_extended(p.contact_id, uuid_hash_extended(p.customer_id, 0))"
        party = f"uuid_hash_extended({{}}.engagement_id, {who})"
        workspace = self._params[1]
        columns = {
            "party": "i8",
            "person": "i8",
            "day": "i4",
            "id": "i8",
            "known_on": "i4",
            "known_at": "i8",
            "took_part": "i4",
        }
        joined = fetch_columns(
            f"""
            {_PEOPLE}
            SELECT {party.format("c")}::int8, uuid_hash_extended(p.contact_id, 0)::int8, 0::int4, c.id::int8,
                   {ordinal_of_moment("c.known_at")}, c.known_at, c.took_part::int4
            FROM people p JOIN journeys_engagementcontactversion c ON c.workspace_id = %s
             AND c.contact_id = p.contact_id AND c.recorded_at <= %s
            """,
            [*self._params, workspace, self._cut],
            columns,
        )
        held = fetch_columns(
            f"""
            {_PEOPLE}, talks AS MATERIALIZED (
              SELECT DISTINCT p.customer_id, p.contact_id, c.engagement_id
              FROM people p JOIN journeys_engagementcontactversion c ON c.workspace_id = %s
               AND c.contact_id = p.contact_id AND c.recorded_at <= %s)
            SELECT {party.format("p")}::int8, uuid_hash_extended(p.contact_id, 0)::int8,
                   {ordinal_of_moment("v.occurred_at")}, v.id::int8, {ordinal_of_moment("v.known_at")}, v.known_at,
                   v.took_part::int4
            FROM talks p JOIN journeys_engagementversion v ON v.workspace_id = %s AND v.customer_id = p.customer_id
             AND v.engagement_id = p.engagement_id AND v.recorded_at <= %s
            """,
            [*self._params, workspace, self._cut, workspace, self._cut],
            columns,
        )
        return _in_order(joined), _in_order(held)


_PEOPLE = """
WITH people AS MATERIALIZED (
  SELECT DISTINCT v.customer_id, v.contact_id
  FROM unnest(%s::uuid[]) AS t(id)
  JOIN accounts_contactversion v ON v.workspace_id = %s AND v.customer_id = t.id AND v.is_sponsor)
"""


def _in_order(rows: Rows) -> Rows:
    order = np.lexsort((rows["id"], rows["known_at"], rows["party"]))
    return {name: column[order] for name, column in rows.items()}
