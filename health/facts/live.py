"""The incremental executor's facts: running state and read model, a few statements for any number of customers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np
import numpy.typing as npt
from django.db import connection

from csplatform.core.arrays import literal
from csplatform.core.columns import EPOCH_MICROS, fetch_columns
from csplatform.core.tenancy import current_workspace_id
from health.facts.applicability import is_applicable
from health.facts.contracts import Present
from health.facts.outages import OutageHistory
from health.facts.overrides import OverrideHistory
from health.facts.seen import SeenNames
from health.facts.sources import Sources
from health.lost import Lost
from health.measures import STATE_DAYS, Facts, Ints, Spec, StreamFacts, window_sum, windows_needed
from health.outages import leave_out
from health.streams import stream_of

Counts = npt.NDArray[np.int32]
_EPOCH = "DATE '0001-01-01' - 1"


@dataclass(slots=True)
class LiveFacts:
    """``facts`` for the customers of ``ids``, in that order, when each was last heard of, its band and risk before.

    Ids are texts as the database writes them: they only travel back to it, and objects would cost more than the rest
    of the loading. Moments are microseconds since 1970, None for never. The band is None for a customer that was
    never scored; the risk of churn, in basis points, also where it is no question. ``macros``: stages, empty for none.
    """

    ids: list[str]
    facts: Facts
    last_event_at: list[int | None]
    bands: list[str | None]
    risks: list[int | None]
    macros: list[str]


class Span(NamedTuple):
    """All customers whose ids lie between two, both included."""

    first: UUID
    last: UUID


Chosen = Sequence[UUID] | Sequence[str] | Span


def load(chosen: Chosen, day: date, specs: list[Spec], *, lock: bool = False) -> LiveFacts:
    """Facts of the active workspace's customers as of ``day`` (today, UTC). Unknown ids are left out.

    ``lock``: hold the customers until the transaction ends.
    """
    workspace = str(current_workspace_id())
    if isinstance(chosen, Span):
        condition, bounds = "BETWEEN %s AND %s", [str(chosen.first), str(chosen.last)]
    else:
        condition, bounds = "= ANY(%s::uuid[])", [literal(chosen)]
    # Said of both tables: told of one, the database would read the other from end to end for each shard.
    rows = _query(
        f"""
        SELECT c.id::text, coalesce(c.seats, 'NaN'::float8), c.contract_state, c.stage_macro,
               coalesce(c.customer_since - ({_EPOCH}), -1), coalesce(c.renewal_on - ({_EPOCH}), -1),
               CASE WHEN h.coverage IS NOT NULL THEN h.band END, h.churn_risk, c.arr_minor
        FROM accounts_customer c JOIN accounts_customerhealth h ON h.customer_id = c.id
        WHERE c.workspace_id = %s AND c.id {condition} AND h.customer_id {condition} ORDER BY c.id
        {"FOR NO KEY UPDATE OF c, h" if lock else ""}
        """,
        [workspace, *bounds, *bounds],
    )
    keys = [row[0] for row in rows]
    n = len(keys)
    last_event_at: list[int | None] = [None] * n
    streams: dict[tuple[str, ...] | None, StreamFacts] = {}
    outages = OutageHistory(day)
    lost = outages.at(day, day)
    for events, (users, features) in windows_needed(specs).items():
        windows = _windows(workspace, keys, events)
        streams[events] = _stream(windows, n, day, users, features, lost)
        if events is None:
            for place, moment in zip(windows["place"].tolist(), (windows["last"] + EPOCH_MICROS).tolist(), strict=True):
                last_event_at[place] = moment
    for stream in streams.values():
        # Usage of any kind could be seen from the first event of any kind, as the other executor has it.
        stream.first_day = streams[None].first_day
    has_contact, has_sponsor = _people(workspace, keys)
    state = np.array([row[2] for row in rows] or [""], dtype=object)[:n]
    seats = np.array([row[1] for row in rows], dtype=np.float64)
    paid = Present(seats, np.array([row[8] for row in rows], dtype=np.float64))
    facts = Facts(
        as_of=day.toordinal(),
        streams=streams,
        seats=seats,
        has_contact=has_contact,
        has_sponsor=has_sponsor,
        state=state,
        customer_since=np.array([row[4] for row in rows], dtype=np.int64),
        renewal_on=np.array([row[5] for row in rows], dtype=np.int64),
        applicable=is_applicable([row[2] for row in rows], [row[3] for row in rows]),
        told=Sources(keys, specs, days=(day, day), contracts=paid, outages=outages).at(day, day),
        overrides=OverrideHistory(keys, day, day).at(day, day),
        seen=SeenNames(specs).at(day, day),
    )
    facts = leave_out(facts, lost)
    return LiveFacts(
        keys, facts, last_event_at, [row[6] for row in rows], [row[7] for row in rows], [row[3] for row in rows]
    )


def _query(sql: str, params: list[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def _windows(workspace: str, keys: list[str], events: tuple[str, ...] | None) -> dict[str, npt.NDArray[Any]]:
    """The running state of a stream by column; ``place``: whose, counted in ``keys`` (in order, as their rows)."""
    found = fetch_columns(
        f"""
        SELECT w.customer_id, w.anchor - ({_EPOCH}), w.first_day - ({_EPOCH}),
               w.last_event_at, w.counts || w.users || w.features
        FROM health_usagewindow w
        WHERE w.workspace_id = %s AND w.customer_id = ANY(%s::uuid[]) AND w.stream = %s
        """,
        [workspace, literal(keys), stream_of(list(events) if events else None).key],
        {"customer": "V16", "anchor": "i4", "first_day": "i4", "last": "i8", "tallies": f"V{3 * 4 * STATE_DAYS}"},
    )
    # Joined here rather than there, where a planner without statistics reads everybody's state for each shard.
    everybody = np.frombuffer(bytes.fromhex("".join(keys).replace("-", "")), dtype="S16")
    found["place"] = np.searchsorted(everybody, found.pop("customer").view("S16"))
    return found


def _stream(
    windows: dict[str, npt.NDArray[Any]], n: int, day: date, users: set[int], features: set[int], lost: Lost | None
) -> StreamFacts:
    days = np.zeros((n, 3, STATE_DAYS), dtype=np.int32)
    first_day = np.full(n, -1, dtype=np.int64)
    at = windows["place"]
    stored = windows["tallies"].view("<i4").reshape(len(at), 3, STATE_DAYS)
    _shift(stored, day.toordinal() - windows["anchor"].astype(np.int64), at, days)
    first_day[at] = windows["first_day"]
    return StreamFacts(
        days[:, 0].astype(np.int64),
        first_day,
        {window: window_sum(days[:, 1], _reach(lost, day, window)) for window in users},
        {window: window_sum(days[:, 2], _reach(lost, day, window)) for window in features},
    )


def _reach(lost: Lost | None, day: date, window: int) -> int:
    return window if lost is None else lost.reach(day.toordinal(), window)


def _shift(stored: Counts, by: Ints, at: Ints, days: Counts) -> None:
    """Put tallies that end ``by`` days before the day into the rows ``at`` of ``days``, which end with the day."""
    for gap in np.unique(by).tolist():
        rows = np.flatnonzero(by == gap)
        if 0 <= gap < STATE_DAYS:
            days[at[rows], :, : STATE_DAYS - gap] = stored[rows, :, gap:]
        elif -STATE_DAYS < gap < 0:  # events of days after this one: their oldest days are gone
            days[at[rows], :, -gap:] = stored[rows, :, :gap]


def _people(workspace: str, keys: list[str]) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Whether each customer (in order) has any contact, and any sponsor; people are not counted."""
    if not keys:
        return np.zeros(0, dtype=np.bool_), np.zeros(0, dtype=np.bool_)
    found = fetch_columns(
        """
        SELECT CASE WHEN t.id IN (SELECT c.customer_id FROM accounts_contact c WHERE c.workspace_id = %s
                                  AND c.is_sponsor AND c.customer_id BETWEEN %s AND %s) THEN 2
                    WHEN EXISTS (SELECT FROM accounts_contact c WHERE c.workspace_id = %s AND c.customer_id = t.id)
                    THEN 1 ELSE 0 END
        FROM unnest(%s::uuid[]) WITH ORDINALITY AS t(id, n) ORDER BY t.n
        """,
        [workspace, keys[0], keys[-1], workspace, literal(keys)],
        {"people": "i4"},
    )["people"]
    return found > 0, found > 1
