"""The as-of executor's facts: rebuilt from events and versions, as known on a past day.

One load serves any number of days. Events are grouped by the database to (customer, day, day known, name,
contact); numpy slices the windows. Days are ordinals. An event counts on day D when it happened by D and was
known by the end of D (or of ``known_through``, for revisions that show what late data would have said).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import numpy as np
import numpy.typing as npt

from csplatform.core.columns import fetch_columns
from csplatform.core.tenancy import current_workspace_id
from health.facts.applicability import is_applicable
from health.facts.outages import OutageHistory
from health.facts.overrides import OverrideHistory
from health.facts.seen import SeenNames
from health.facts.sources import Sources
from health.facts.versions import Versions
from health.lost import Lost
from health.measures import STATE_DAYS, Facts, Ints, Spec, StreamFacts, is_tallied, span, windows_needed
from health.outages import leave_out

_DAY = "((e.{column} AT TIME ZONE 'UTC')::date - DATE '0001-01-01' + 1)::int4"
_BIG = 1 << 22  # more than any ordinal of a day


@dataclass(slots=True)
class _Rows:
    """Grouped events sorted by day. Names and contacts as small codes; contact −1 is nobody."""

    customer: Ints
    day: Ints
    known: Ints
    name: Ints
    contact: Ints
    count: Ints


class AsOf:
    """Facts of ``customer_ids`` (kept in that order) for days within ``days``' range.

    ``recorded_through``: facts stored later do not take part, whatever they claim to have been known.
    """

    def __init__(
        self,
        customer_ids: Sequence[UUID],
        days: Sequence[date],
        specs: list[Spec],
        *,
        grace_days: int,
        data_through: date | None,
        recorded_through: datetime | None = None,
    ) -> None:
        self.ids = list(customer_ids)
        self._needed = windows_needed(specs)
        self._lowest = min(days).toordinal() - STATE_DAYS + 1
        cut: Any = recorded_through or "infinity"
        self._outages = OutageHistory(max(days), recorded_through=recorded_through)
        self._rows = self._load(_date(self._lowest), max(days), cut)
        # Since when usage could be seen is exact as far back as some measure looks.
        first = min(days).toordinal() - self._outages.count
        self._seen_from = min(
            [self._lowest, *(first - span(s) + 1 for s in specs if not is_tallied(s) and s.source == "events")]
        )
        older = self._load_between(_date(self._seen_from), _date(self._lowest), cut)
        self._older_known = self._load_older(_date(self._seen_from), cut)
        self._name_hash = self._hash_names()
        self._first = _FirstDays(self._rows, older)
        self._seen = SeenNames(specs, recorded_by=recorded_through)
        self._overrides = OverrideHistory(self.ids, min(days), max(days), recorded_through=recorded_through)
        self._versions = Versions(
            self.ids, grace_days=grace_days, data_through=data_through, recorded_through=recorded_through
        )
        self._sources = Sources(
            self.ids,
            specs,
            days=(min(days), max(days)),
            contracts=self._versions,
            recorded_by=recorded_through,
            outages=self._outages,
        )

    def at(self, day: date, *, known_through: date | None = None) -> Facts:
        """The facts as of ``day``, as known by its end (or by the end of ``known_through``)."""
        as_of = day.toordinal()
        known = (known_through or day).toordinal()
        rows = self._rows
        window = slice(
            np.searchsorted(rows.day, as_of - STATE_DAYS + 1), np.searchsorted(rows.day, as_of, side="right")
        )
        visible = rows.known[window] <= known
        first_day = self._first.at(len(self.ids), as_of, known)
        first_day = np.where(self._older_known <= known, self._seen_from - 1, first_day)
        lost = self._outages.at(day, known_through or day)
        streams = {
            events: self._stream(events, window, visible, as_of, users, features, first_day, lost)
            for events, (users, features) in self._needed.items()
        }
        versions = self._versions.at(day, known_through or day)
        facts = Facts(
            as_of=as_of,
            streams=streams,
            seats=versions.seats,
            has_contact=versions.contacts > 0,
            has_sponsor=versions.sponsors > 0,
            state=versions.state,
            customer_since=versions.customer_since,
            renewal_on=versions.renewal_on,
            applicable=is_applicable(versions.state.tolist(), versions.macro),
            told=self._sources.at(day, known_through or day),
            overrides=self._overrides.at(day, known_through or day),
            seen=self._seen.at(day, known_through or day),
        )
        return leave_out(facts, lost)

    def _stream(
        self,
        events: tuple[str, ...] | None,
        window: slice,
        visible: npt.NDArray[np.bool_],
        as_of: int,
        users: set[int],
        features: set[int],
        first_day: Ints,
        lost: Lost | None,
    ) -> StreamFacts:
        rows, n = self._rows, len(self.ids)
        if events is not None:
            visible = visible & np.isin(self._names[rows.name[window]], [self._name_hash[name] for name in events])
        customer, day = rows.customer[window][visible], rows.day[window][visible]
        cell = customer * STATE_DAYS + (day - (as_of - STATE_DAYS + 1))
        counts = np.bincount(cell, weights=rows.count[window][visible], minlength=n * STATE_DAYS)
        contact, name = rows.contact[window][visible], rows.name[window][visible]

        def since(days: int) -> int:
            return as_of - (days if lost is None else lost.reach(as_of, days))

        return StreamFacts(
            counts.astype(np.int64).reshape(n, STATE_DAYS),
            first_day,
            {w: _distinct(customer, contact, (day > since(w)) & (contact >= 0), n) for w in users},
            {w: _distinct(customer, name, day > since(w), n) for w in features},
        )

    def _load(self, low: date, high: date, cut: Any) -> _Rows:
        day = _DAY.format(column="occurred_at")
        found = fetch_columns(
            f"""
            SELECT (t.n - 1)::int4, {day}, greatest({day}, {_DAY.format(column="known_at")}),
                   hashtextextended(e.name, 0)::int8,
                   coalesce(uuid_hash_extended(e.contact_id, 0), 0)::int8, count(*)::int8
            FROM unnest(%s::uuid[]) WITH ORDINALITY AS t(id, n)
            JOIN health_event e ON e.workspace_id = %s AND e.customer_id = t.id
             AND e.occurred_at >= %s::timestamp AT TIME ZONE 'UTC'
             AND e.occurred_at < (%s::date + 1)::timestamp AT TIME ZONE 'UTC' AND e.recorded_at <= %s
            GROUP BY 1, 2, 3, 4, 5
            """,
            [[str(i) for i in self.ids], str(current_workspace_id()), low, high, cut],
            {"customer": "i4", "day": "i4", "known": "i4", "name": "i8", "contact": "i8", "count": "i8"},
        )
        order = np.argsort(found["day"], kind="stable")
        people, contact = np.unique(found["contact"], return_inverse=True)
        self._names, name = np.unique(found["name"], return_inverse=True)
        return _Rows(
            found["customer"][order].astype(np.int64),
            found["day"][order].astype(np.int64),
            found["known"][order].astype(np.int64),
            name[order],
            np.where(people == 0, -1, np.arange(len(people)))[contact][order],
            found["count"][order],
        )

    def _load_between(self, low: date, high: date, cut: Any) -> dict[str, Ints]:
        """Per customer and day of knowing the earliest day with an event from ``low`` on and before ``high``."""
        if low >= high:
            return {name: np.zeros(0, dtype=np.int64) for name in ("customer", "known", "day")}
        day = _DAY.format(column="occurred_at")
        found = fetch_columns(
            f"""
            SELECT (t.n - 1)::int4, greatest({day}, {_DAY.format(column="known_at")}), min({day})
            FROM unnest(%s::uuid[]) WITH ORDINALITY AS t(id, n)
            JOIN health_event e ON e.workspace_id = %s AND e.customer_id = t.id
             AND e.occurred_at >= %s::timestamp AT TIME ZONE 'UTC'
             AND e.occurred_at < %s::timestamp AT TIME ZONE 'UTC' AND e.recorded_at <= %s
            GROUP BY 1, 2
            """,
            [[str(i) for i in self.ids], str(current_workspace_id()), low, high, cut],
            {"customer": "i4", "known": "i4", "day": "i4"},
        )
        return {name: column.astype(np.int64) for name, column in found.items()}

    def _load_older(self, low: date, cut: Any) -> Ints:
        """Per customer the day on which some event from before the loaded range was first known; huge if none."""
        known = _DAY.format(column="known_at")
        found = fetch_columns(
            f"""
            SELECT (t.n - 1)::int4, min({known})
            FROM unnest(%s::uuid[]) WITH ORDINALITY AS t(id, n)
            JOIN health_event e ON e.workspace_id = %s AND e.customer_id = t.id
             AND e.occurred_at < %s::timestamp AT TIME ZONE 'UTC' AND e.recorded_at <= %s
            GROUP BY 1
            """,
            [[str(i) for i in self.ids], str(current_workspace_id()), low, cut],
            {"customer": "i4", "known": "i4"},
        )
        result = np.full(len(self.ids), _BIG, dtype=np.int64)
        result[found["customer"]] = found["known"]
        return result

    def _hash_names(self) -> dict[str, int]:
        names = sorted({name for events in self._needed if events for name in events})
        if not names:
            return {}
        found = fetch_columns(
            "SELECT hashtextextended(name, 0)::int8 FROM unnest(%s::text[]) WITH ORDINALITY AS t(name, n) ORDER BY n",
            [names],
            {"code": "i8"},
        )
        return dict(zip(names, found["code"].tolist(), strict=True))


class _FirstDays:
    """Each customer's first day with an event, as known by any day: a running minimum over the days of knowing."""

    def __init__(self, rows: _Rows, older: dict[str, Ints]) -> None:
        customer = np.concatenate([rows.customer, older["customer"]])
        known = np.concatenate([rows.known, older["known"]])
        order = np.lexsort((known, customer))
        customer, known, day = customer[order], known[order], np.concatenate([rows.day, older["day"]])[order]
        lowest = day.copy()
        starts = np.flatnonzero(np.diff(customer, prepend=-1))
        for start, stop in zip(starts, [*starts[1:], len(customer)], strict=False):
            np.minimum.accumulate(lowest[start:stop], out=lowest[start:stop])
        self._keys = customer * _BIG + known
        self._customer = customer
        self._lowest = lowest

    def at(self, n: int, as_of: int, known: int) -> Ints:
        if not len(self._keys):
            return np.full(n, -1, dtype=np.int64)
        wanted = np.arange(n) * _BIG + known
        found = np.searchsorted(self._keys, wanted, side="right") - 1
        hit = (found >= 0) & (self._customer[np.maximum(found, 0)] == np.arange(n))
        first = np.where(hit, self._lowest[np.maximum(found, 0)], -1)
        return np.where(first <= as_of, first, -1)


def _date(ordinal: int) -> date:
    return date.fromordinal(max(ordinal, 1))


def _distinct(customer: Ints, what: Ints, mask: npt.NDArray[np.bool_], n: int) -> Ints:
    """How many different ``what`` each customer has among the masked rows."""
    if not mask.any():
        return np.zeros(n, dtype=np.int64)
    codes = int(what.max()) + 1
    pairs = np.unique(customer[mask] * codes + what[mask])
    return np.bincount(pairs // codes, minlength=n)
