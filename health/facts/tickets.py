"""Support tickets as a source of measures: what is open, how quickly it was answered, and how content people were."""

from __future__ import annotations

from datetime import date

import numpy as np

from health.facts import known
from health.facts.known import Known, Rows, Table, chosen, moment, ordinal_of_moment
from health.facts.sources import Asked, Reader
from health.measures import Floats, Spec, Told
from journeys.models import TicketPriority

_MICROS_AN_HOUR = 3_600_000_000
_PRIORITIES = [each for each in TicketPriority.values if each]
_TABLE = Table(
    "journeys_ticketversion",
    "ticket_id",
    {
        "priority": (f"coalesce(array_position(ARRAY{_PRIORITIES!r}, v.priority::text), 0)::int4", "i4"),
        "opened_on": (ordinal_of_moment("v.opened_at"), "i4"),
        "replied_on": (ordinal_of_moment("v.first_reply_at"), "i4"),
        "solved_on": (ordinal_of_moment("v.solved_at"), "i4"),
        "opened_at": ("v.opened_at", "i8"),
        "replied_at": (moment("v.first_reply_at"), "i8"),
        "csat": ("coalesce(v.csat, 0)::int4", "i4"),
    },
)


def load(asked: Asked) -> Reader:
    """Tickets as they were known; a workspace that never told of any says nothing, one that does says 0."""
    rows = Known(_TABLE, asked)
    start = known.began(_TABLE.name, asked.recorded_by)

    def read(spec: Spec, day: date, known_by: date) -> Told:
        now = day.toordinal()
        mine = rows.by(known_by)
        mine = chosen(mine, mine["opened_on"] <= now)
        if priority := spec.part("priority"):
            mine = chosen(mine, mine["priority"] == _PRIORITIES.index(priority) + 1)
        days = (mine["opened_on"], mine["replied_on"], mine["solved_on"])
        last = known.latest(rows.n, mine["customer"], *days, through=now)
        return known.since(Told(_values(spec, mine, rows.n, now), last), start, day, known_by)

    return read


def _values(spec: Spec, rows: Rows, n: int, now: int) -> Floats:
    first = now - spec.window_days
    if spec.aggregation == "open":
        return known.count(n, rows["customer"][rows["solved_on"] > now])
    if spec.aggregation == "opened":
        return known.count(n, rows["customer"][rows["opened_on"] > first])
    if spec.aggregation == "first_reply_hours":
        replied = chosen(rows, (rows["replied_on"] > first) & (rows["replied_on"] <= now))
        return known.median(n, replied["customer"], (replied["replied_at"] - replied["opened_at"]) / _MICROS_AN_HOUR)
    # What somebody thinks of a ticket is said when it is solved; of one that never was, when it was answered.
    said_on = np.where(rows["solved_on"] < known.LATER, rows["solved_on"], rows["replied_on"])
    said_on = np.where(said_on < known.LATER, said_on, rows["opened_on"])
    said = chosen(rows, (rows["csat"] > 0) & (said_on > first) & (said_on <= now))
    return known.mean(n, said["customer"], said["csat"])
