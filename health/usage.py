"""Use per day, arranged for a page: totals, the leading events, and a table of all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

SHOWN_EVENTS = 8


@dataclass(frozen=True, slots=True)
class Day:
    """One day. ``counts`` in the order of ``Usage.events``, ``share`` of the busiest day (0–100)."""

    date: date
    total: int
    counts: tuple[int, ...]
    share: float

    @property
    def top(self) -> float:
        """Where the day's bar begins, from above, in a chart 100 high."""
        return 100 - self.share


@dataclass(frozen=True, slots=True)
class Usage:
    """Days oldest first. ``events``: the most frequent names; ``others``: how many names are summed as the rest."""

    first: date
    last: date
    days: tuple[Day, ...]
    events: tuple[str, ...]
    totals: tuple[int, ...]
    others: int
    total: int
    busiest: int

    @property
    def by_event(self) -> list[tuple[str, int]]:
        """The shown events with their sums, the most frequent first."""
        return list(zip(self.events, self.totals, strict=False))


def arrange(rows: Sequence[Mapping[str, Any]], first: date, last: date) -> Usage:
    """Rows ``{"date", "event", "count"}`` (ISO days) as a table without gaps from ``first`` to ``last``."""
    by_event: Counter[str] = Counter()
    by_cell: Counter[tuple[str, str]] = Counter()
    by_day: Counter[str] = Counter()
    for row in rows:
        by_event[row["event"]] += row["count"]
        by_cell[row["date"], row["event"]] += row["count"]
        by_day[row["date"]] += row["count"]
    ranked = sorted(by_event, key=lambda name: (-by_event[name], name))
    shown = tuple(ranked[:SHOWN_EVENTS])
    rest = len(ranked) - len(shown)
    busiest = max(by_day.values(), default=0)
    days = []
    for offset in range((last - first).days + 1):
        day = first + timedelta(days=offset)
        key = day.isoformat()
        total = by_day[key]
        counts = [by_cell[key, name] for name in shown]
        if rest:
            counts.append(total - sum(counts))
        days.append(Day(day, total, tuple(counts), round(100 * total / busiest, 2) if busiest else 0.0))
    totals = [by_event[name] for name in shown]
    if rest:
        totals.append(sum(by_event.values()) - sum(totals))
    return Usage(first, last, tuple(days), shown, tuple(totals), rest, sum(by_event.values()), busiest)
