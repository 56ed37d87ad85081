"""Scorecards of many measures, for the benches: the default ones, and more of all events and of single features."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from accounts.models import Workspace
from csplatform.core import audit
from csplatform.core.tenancy import workspace_scope
from health.models import Scorecard
from health.services import counting, definitions, drafts

# Aggregation, window in days, and of which feature, by its place in the catalogue (None: of all events).
_More = tuple[str, int, int | None]

TWENTY: tuple[_More, ...] = (
    ("count", 7, None),
    ("count", 56, None),
    ("trend", 14, None),
    ("active_days", 14, None),
    ("active_days", 56, None),
    ("distinct_users", 7, None),
    ("distinct_users", 56, None),
    ("distinct_events", 7, None),
    ("distinct_events", 56, None),
    ("count", 28, 0),
    ("active_days", 28, 0),
    ("recency", 64, 0),
)
"""What makes twenty measures of the eight default ones."""

FORTY: tuple[_More, ...] = (
    *TWENTY,
    *(
        (kind, days, None)
        for kind in ("count", "active_days", "distinct_users", "distinct_events")
        for days in (21, 35, 42)
    ),
    ("trend", 7, None),
    ("trend", 21, None),
    *((kind, 28, feature) for kind in ("count", "active_days", "distinct_users") for feature in (1, 2)),
)
"""What makes forty measures of the eight default ones."""

_RISING = [[0, 0], [3, 0.6], [10, 1]]


def publish_more(workspace: Workspace, more: Sequence[_More], features: Sequence[str], now: datetime) -> None:
    """Define the measures ``more``, count their events, and publish the default scorecard with them at its end."""
    with workspace_scope(workspace):
        card = Scorecard.objects.get(is_default=True)
        version = drafts.in_force(card.pk)
        assert version is not None
        content = drafts.told_of(version.content)
        group = content["groups"][0]["key"]
        begun = []
        for key, definition in _definitions(more, features):
            told = {"label": {"en": key}, "definition": definition}
            begun.append(definitions.create_measure(key=key, told=told, actor=audit.SYSTEM, now=now)[1])
            content["items"].append({"measure": key, "group": group, "weight": 3, "curve": _RISING})
    for job in begun:
        if job is not None:
            counting.work(workspace.pk, job.pk)
    with workspace_scope(workspace):
        why = f"{len(content['items'])} measures."
        draft = drafts.as_draft(content)
        definitions.publish(scorecard_id=card.pk, draft=draft, actor=audit.SYSTEM, now=now, why=why)


def _definitions(more: Sequence[_More], features: Sequence[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    for kind, days, feature in more:
        definition: dict[str, Any] = {"source": "events", "aggregation": kind, "window_days": days}
        name = f"{kind}-{days}"
        if feature is not None:
            definition["events"] = [features[feature]]
            name = f"feature-{feature}-{name}"
        yield name.replace("_", "-"), definition
