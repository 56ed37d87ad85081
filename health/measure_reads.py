"""Reads for the pages of measures: which events there are, who uses a measure, and how fresh it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
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


# Per source the newest fact behind its measures, by the part of the definition that chooses among its facts.
_NEWEST = {
    "contacts": "SELECT '', max(known_at) FROM accounts_contactversion WHERE workspace_id = %(workspace)s",
    "sponsors": "SELECT '', max(known_at) FROM accounts_contactversion WHERE workspace_id = %(workspace)s",
    "surveys": "SELECT kind, max(occurred_at) FROM surveys_scoreversion WHERE workspace_id = %(workspace)s GROUP BY 1",
    "engagements": "SELECT '', max(occurred_at) FROM journeys_engagement WHERE workspace_id = %(workspace)s",
    "relays": "SELECT '', max(greatest(offered_at, decided_at)) FROM journeys_relay WHERE workspace_id = %(workspace)s",
    "tickets": """SELECT '', max(greatest(opened_at, first_reply_at, solved_at)) FROM journeys_ticket
        WHERE workspace_id = %(workspace)s""",
    "invoices": """SELECT '', max(greatest(issued_on, paid_on))::timestamp AT TIME ZONE 'UTC' FROM accounts_invoice
        WHERE workspace_id = %(workspace)s""",
    "outcomes": """SELECT '', greatest(
          (SELECT max(measured_on) FROM journeys_measurement WHERE workspace_id = %(workspace)s),
          (SELECT max(effective_on) FROM journeys_outcomeversion WHERE workspace_id = %(workspace)s)
        )::timestamp AT TIME ZONE 'UTC'""",
    "adoption": """SELECT '', max(day)::timestamp AT TIME ZONE 'UTC' FROM journeys_adoptionchange
        WHERE workspace_id = %(workspace)s""",
    "judgement": "SELECT '', max(made_at) FROM health_judgement WHERE workspace_id = %(workspace)s",
    "attribute": """SELECT d.key, max(v.known_at) FROM accounts_attributeversion v
        JOIN accounts_attributedefinition d ON d.id = v.definition_id
        WHERE v.workspace_id = %(workspace)s GROUP BY 1""",
}
_CHOSEN_BY = {"surveys": "kind", "attribute": "key"}


@dataclass(frozen=True, slots=True)
class Freshness:
    """The newest fact of every source that some definitions look at."""

    names: Sequence[Occurred]
    told: Mapping[tuple[str, str], date]

    @classmethod
    def of(cls, definitions: Iterable[Mapping[str, Any]], names: Sequence[Occurred]) -> Freshness:
        """One query, whatever the number of definitions; ``names``: the events that occurred."""
        wanted = sorted({definition["source"] for definition in definitions} & _NEWEST.keys())
        if not wanted:
            return cls(names, {})
        union = " UNION ALL ".join(f"SELECT '{source}', told.* FROM ({_NEWEST[source]}) AS told" for source in wanted)
        sql = f"SELECT source, part, (moment AT TIME ZONE 'UTC')::date FROM ({union}) AS t (source, part, moment)"
        with connection.cursor() as cursor:
            cursor.execute(f"{sql} WHERE moment IS NOT NULL", {"workspace": str(current_workspace_id())})
            return cls(names, {(source, part): day for source, part, day in cursor.fetchall()})

    def newest(self, definition: Mapping[str, Any]) -> date | None:
        """The last day with a fact that the definition's source tells it; of events, one of those it names."""
        source = definition["source"]
        if source != "events":
            return self.told.get((source, str(definition.get(_CHOSEN_BY.get(source, ""), ""))))
        wanted = set(definition.get("events") or ())
        days = [each.last_day for each in self.names if not wanted or each.name in wanted]
        return max(days, default=None)


def _query(sql: str, params: list[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows
