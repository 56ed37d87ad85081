"""The measures and the scorecard every new workspace starts with: data, published as version 1.

Two halves, as the domain has it: Value (is it used, by whom, how deeply) and Relationship (habit, recency,
sponsor). Tenure and the nearness of the renewal belong to churn risk, never to health. Why these weights, curves
and thresholds: docs/decisions/0009-default-scorecard.md.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from accounts.models import Workspace
from health.models import Measure, Scorecard, ScorecardVersion
from health.scoring import parse_card

_EVENTS = {"source": "events", "window_days": 28}

GROUPS: list[dict[str, Any]] = [
    {"key": "value", "label": {"en": "Value", "fr": "Valeur", "de": "Wert"}},
    {"key": "relationship", "label": {"en": "Relationship", "fr": "Relation", "de": "Beziehung"}},
]

# key, labels, unit, group, weight, curve, definition
_DEFAULTS: list[tuple[str, dict[str, str], str, str, float, list[list[float]], dict[str, Any]]] = [
    (
        "activity_level",
        {"en": "Activity", "fr": "Activité", "de": "Aktivität"},
        "events a week per seat",
        "value",
        10,
        [[0, 0], [1, 0.2], [3, 0.5], [6, 0.8], [12, 1]],
        {**_EVENTS, "aggregation": "count", "scale": "per_seat_week"},
    ),
    (
        "activity_trend",
        {"en": "Activity trend", "fr": "Tendance d’activité", "de": "Aktivitätstrend"},
        "times the 28 days before",
        "value",
        12,
        [[0, 0], [0.5, 0.1], [0.8, 0.5], [1, 0.9], [1.15, 1]],
        {**_EVENTS, "aggregation": "trend"},
    ),
    (
        "active_users",
        {"en": "Active users", "fr": "Utilisateurs actifs", "de": "Aktive Nutzer"},
        "people in 28 days",
        "value",
        4,
        [[0, 0], [1, 0.4], [3, 0.8], [5, 1]],
        {**_EVENTS, "aggregation": "distinct_users"},
    ),
    (
        "seat_share",
        {"en": "Seats in use", "fr": "Licences utilisées", "de": "Genutzte Lizenzen"},
        "share of seats",
        "value",
        16,
        [[0, 0], [0.2, 0.1], [0.5, 0.5], [0.8, 0.9], [0.95, 1]],
        {**_EVENTS, "aggregation": "distinct_users", "scale": "share_of_seats"},
    ),
    (
        "breadth",
        {"en": "Depth of use", "fr": "Étendue d’usage", "de": "Nutzungstiefe"},
        "features in 28 days",
        "value",
        10,
        [[0, 0], [1, 0.15], [3, 0.5], [6, 0.85], [8, 1]],
        {**_EVENTS, "aggregation": "distinct_events"},
    ),
    (
        "habit",
        {"en": "Days active per week", "fr": "Jours actifs par semaine", "de": "Aktive Tage pro Woche"},
        "days a week",
        "relationship",
        20,
        [[0, 0], [1, 0.2], [3, 0.6], [5, 1]],
        {**_EVENTS, "aggregation": "active_days", "scale": "per_week"},
    ),
    (
        "recency",
        {"en": "Last use", "fr": "Dernière utilisation", "de": "Letzte Nutzung"},
        "days ago",
        "relationship",
        8,
        [[0, 1], [3, 1], [7, 0.7], [14, 0.2], [30, 0]],
        {"source": "events", "aggregation": "recency", "window_days": 64},
    ),
    (
        "sponsor_present",
        {"en": "Sponsor", "fr": "Sponsor", "de": "Sponsor"},
        "yes or no",
        "relationship",
        20,
        [[0, 0], [1, 1]],
        {"source": "contacts", "aggregation": "sponsor"},
    ),
]


VOICE: dict[str, Any] = {
    "key": "nps",
    "label": {"en": "NPS", "fr": "NPS", "de": "NPS"},
    "unit": "net promoter score",
    "definition": {"source": "surveys", "kind": "nps", "aggregation": "latest", "window_days": 365},
}
"""What customers say, ready to be taken up by a scorecard. No default one does: who was never asked has no value."""


def default_content() -> dict[str, Any]:
    """The content of the first scorecard version."""
    items = [
        {
            "measure": key,
            "label": label,
            "unit": unit,
            "group": group,
            "weight": weight,
            "curve": curve,
            "definition": definition,
        }
        for key, label, unit, group, weight, curve, definition in _DEFAULTS
    ]
    return {"groups": GROUPS, "items": items, "bands": {"healthy": 75, "watch": 50}, "min_coverage": 0.5}


def create_defaults(workspace: Workspace, now: datetime) -> None:
    """Measures, scorecard and its first version for a new workspace (inside its scope)."""
    Measure.objects.bulk_create(
        Measure(
            workspace=workspace, key=key, label=label, unit=unit, definition=definition, created_at=now, updated_at=now
        )
        for key, label, unit, _, _, _, definition in _DEFAULTS
    )
    card = Scorecard.objects.create(workspace=workspace, name="Default", is_default=True, created_at=now)
    content = default_content()
    parse_card(content)
    ScorecardVersion.objects.create(
        workspace=workspace,
        scorecard=card,
        version=1,
        content=content,
        published_at=now,
        published_by_label="Boomerang",
    )
