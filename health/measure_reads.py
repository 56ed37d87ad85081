"""Reads for the pages of measures: which events there are, who uses a measure, and how fresh it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from django.db import connection

from csplatform.core.tenancy import current_workspace_id
from health.models import ScorecardVersion
from health.streams import ALL_EVENTS

MOST_NAMES = 300
_MOST_PROPERTIES = 100
_EVENTS_LOOKED_AT = 2_000
_DAYS_LOOKED_AT = 30


@dataclass(frozen=True, slots=True)
class Occurred:
    """An event name, how many customers ever had it, and the last day with one."""

    name: str
    customers: int
    last_day: date


def event_names() -> list[Occurred]:
    """The names of events that occurred, those of most customers first."""
    rows = _query(
        """
        SELECT name, count(*), max(last_day) FROM health_featureseen WHERE workspace_id = %s AND stream = %s
        GROUP BY name ORDER BY 2 DESC, 1 LIMIT %s
        """,
        [str(current_workspace_id()), ALL_EVENTS, MOST_NAMES],
    )
    return [Occurred(*row) for row in rows]


def property_names(today: date) -> list[tuple[str, int]]:
    """Names of properties among recent events, with how many of those looked at had it, the most frequent first."""
    rows = _query(
        """
        SELECT key, count(*) FROM (
          SELECT properties FROM health_event
          WHERE workspace_id = %s AND properties IS NOT NULL AND occurred_at >= %s::timestamp AT TIME ZONE 'UTC'
            AND customer_id IN (SELECT customer_id FROM health_usagewindow WHERE workspace_id = %s AND stream = %s
                                ORDER BY last_event_at DESC LIMIT 50)
          LIMIT %s) e, LATERAL jsonb_object_keys(CASE jsonb_typeof(properties) WHEN 'object' THEN properties
                                                 ELSE '{}' END) AS key
        GROUP BY key ORDER BY 2 DESC, 1 LIMIT %s
        """,
        [
            str(current_workspace_id()),
            today - timedelta(days=_DAYS_LOOKED_AT),
            str(current_workspace_id()),
            ALL_EVENTS,
            _EVENTS_LOOKED_AT,
            _MOST_PROPERTIES,
        ],
    )
    return [(key, count) for key, count in rows]


@dataclass(slots=True)
class Use:
    """Where a measure stands: names of scorecards, and of how many scored customers it has a value."""

    scorecards: list[str] = field(default_factory=list)
    scored: int = 0
    known: int = 0


def uses() -> dict[str, Use]:
    """By measure key: the scorecards whose version in force has it, and what present scores know of it."""
    found: dict[str, Use] = {}
    newest = ScorecardVersion.objects.order_by("scorecard", "-version").distinct("scorecard")
    counted = _known_values()
    for version in newest.select_related("scorecard"):
        scored, known = counted.get(str(version.pk), (0, {}))
        for place, item in enumerate(version.content["items"], start=1):
            use = found.setdefault(item["measure"], Use())
            use.scorecards.append(version.scorecard.name)
            use.scored += scored
            use.known += known.get(place, 0)
    return found


def _known_values() -> dict[str, tuple[int, dict[int, int]]]:
    """Per version in use: customers scored by it, and per place in it how many of those have a value."""
    rows = _query(
        """
        SELECT s.scorecard_version_id::text, t.place::int, count(*), count(*) FILTER (WHERE t.value <> 'NaN')
        FROM health_healthscore s, LATERAL unnest(s.values) WITH ORDINALITY AS t(value, place)
        WHERE s.workspace_id = %s AND s.band <> 'not_applicable' GROUP BY 1, 2
        """,
        [str(current_workspace_id())],
    )
    found: dict[str, tuple[int, dict[int, int]]] = {}
    for version, place, scored, known in rows:
        found.setdefault(version, (scored, {}))[1][place] = known
    return found


def newest_day(definition: Mapping[str, Any], names: Iterable[Occurred]) -> date | None:
    """The last day with an event that a measure of events looks at by name; None where none occurred."""
    wanted = set(definition.get("events") or ())
    days = [each.last_day for each in names if not wanted or each.name in wanted]
    return max(days, default=None)


def _query(sql: str, params: list[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows
