"""What scores and use let customers be filtered by: the present value of each measure, and the last use."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from accounts.segments import Field, Kind, Source, Terms, kinds, register
from health.models import HealthScore, ScorecardVersion

MEASURES = "measures"
# Scores are refreshed soon after a version is published; what is older than these was never scored again.
_VERSIONS = 25
_USE, _MEASURES = _("Use"), _("Measures")


def register_all() -> None:
    """Called once, at start."""
    register(
        Field("last_event", _("Last use"), Kind.DATE, "health__last_event_at", group=_USE, is_moment=True),
        Field(
            "days_since_last_event", _("Days since the last use"), Kind.DAYS, "health__last_event_at", group=_USE,
            is_moment=True,
        ),
        Source(MEASURES, measures),
    )  # fmt: skip


def measures() -> list[Field]:
    """The measures of the present scorecards; one that was taken out of all of them is no field any more."""
    versions = ScorecardVersion.objects.order_by("-published_at", "-version").values_list(
        "pk", "scorecard_id", "content"
    )[:_VERSIONS]
    places: dict[str, list[tuple[UUID, int]]] = {}
    newest: dict[UUID, list[dict[str, Any]]] = {}
    for version_id, scorecard_id, content in versions:
        newest.setdefault(scorecard_id, content["items"])
        for place, item in enumerate(content["items"]):
            places.setdefault(item["measure"], []).append((version_id, place))
    present = {item["measure"]: item for items in reversed(newest.values()) for item in items}.values()
    return [
        Field(
            f"{MEASURES}.{item['measure']}",
            _named(item),
            Kind.NUMBER,
            group=_MEASURES,
            unit=item.get("unit", ""),
            compile=_compared(places[item["measure"]]),
        )
        for item in present
    ]


def _named(item: dict[str, Any]) -> str:
    labels: dict[str, str] = item.get("label") or {}
    code = (get_language() or "en")[:2]
    return labels.get(code) or labels.get("en") or str(item["measure"])


def _compared(places: list[tuple[UUID, int]]) -> Callable[[str, Any, Terms], Q]:
    """A condition on one place of the stored values, which each version of the scorecard numbers anew."""

    def compile(op: str, value: Any, terms: Terms) -> Q:
        found = Q()
        for version_id, place in places:
            # A missing value is stored as NaN, which PostgreSQL sorts above infinity.
            known = Q(scorecard_version_id=version_id, **{f"values__{place}__lt": float("inf")})
            found |= known & _bounds(f"values__{place}", op, value)
        return Q(Exists(HealthScore.objects.filter(found, customer_id=OuterRef("pk"))))

    return compile


def _bounds(column: str, op: str, value: Any) -> Q:
    if op == kinds.SET:
        return Q()
    if op == kinds.BETWEEN:
        return Q(**{f"{column}__gte": float(value[0]), f"{column}__lte": float(value[1])})
    return Q(**{column if op == kinds.EQ else f"{column}__{op}": float(value)})
