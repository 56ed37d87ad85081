"""``/api/v1/measures/`` and ``/api/v1/scorecards/``"""

from __future__ import annotations

from typing import Any, ClassVar

import django_filters
from django.db.models import Max, QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.base import RecordViewSet
from csplatform.core.rest.fields import Instant, shaped
from csplatform.core.rest.filters import TrueOrFalse
from csplatform.core.rest.paging import BY_ID, Order
from health.models import Measure, Scorecard, ScorecardVersion

_LABEL = {"type": "object", "additionalProperties": {"type": "string"}, "examples": [{"en": "Days active per week"}]}
_OBJECT = {"type": "object", "additionalProperties": True}


class MeasureSerializer(serializers.Serializer[Any]):
    """One thing looked at; ``definition`` says how it is counted."""

    id = serializers.UUIDField(read_only=True)
    key = serializers.CharField(read_only=True)
    label = shaped(serializers.JSONField, _LABEL)(read_only=True, help_text="By language.")  # type: ignore[assignment]
    unit = serializers.CharField(read_only=True)
    definition = shaped(serializers.JSONField, _OBJECT)(read_only=True)
    created_at = Instant(read_only=True)
    updated_at = Instant(read_only=True)
    version = serializers.IntegerField(read_only=True)


class MeasureFilters(django_filters.FilterSet):
    key = django_filters.CharFilter()


@extend_schema_view(
    list=extend_schema(summary="List measures", description="What scorecards are made of, a page at a time."),
    retrieve=extend_schema(summary="Read a measure", description="By its id."),
)
class MeasureViewSet(RecordViewSet):
    model = Measure
    serializer_class = MeasureSerializer
    filterset_class = MeasureFilters
    orders: ClassVar[dict[str, Order]] = {**BY_ID, "key": Order("key")}


class ScorecardSerializer(serializers.Serializer[Any]):
    """How measures become a score. What it says is in its versions."""

    id = serializers.UUIDField(read_only=True)
    name = serializers.CharField(read_only=True)
    is_default = serializers.BooleanField(read_only=True)
    latest_version = serializers.IntegerField(read_only=True, allow_null=True)
    created_at = Instant(read_only=True)


class ScorecardVersionSerializer(serializers.Serializer[Any]):
    """What a scorecard said from ``published_at`` on: groups, measures with weights and curves, bands."""

    id = serializers.UUIDField(read_only=True)
    scorecard_id = serializers.UUIDField(read_only=True)
    version = serializers.IntegerField(read_only=True)
    content = shaped(serializers.JSONField, _OBJECT)(read_only=True)
    published_at = Instant(read_only=True)
    published_by = serializers.CharField(source="published_by_label", read_only=True)


class ScorecardFilters(django_filters.FilterSet):
    name = django_filters.CharFilter()
    is_default = TrueOrFalse(help_text="true or false.")


class NoFilters(django_filters.FilterSet):
    """A list that is narrowed by its address alone."""


@extend_schema_view(
    list=extend_schema(summary="List scorecards", description="The scorecards of this workspace."),
    retrieve=extend_schema(summary="Read a scorecard", description="By its id."),
)
class ScorecardViewSet(RecordViewSet):
    model = Scorecard
    serializer_class = ScorecardSerializer
    filterset_class = ScorecardFilters

    def get_queryset(self) -> QuerySet[Any]:
        cards: QuerySet[Any] = super().get_queryset().annotate(latest_version=Max("versions__version"))
        return cards


@extend_schema_view(
    list=extend_schema(summary="List a scorecard's versions", description="Published versions, the newest first."),
)
class ScorecardVersionViewSet(RecordViewSet):
    model = ScorecardVersion
    serializer_class = ScorecardVersionSerializer
    filterset_class = NoFilters
    orders: ClassVar[dict[str, Order]] = {**BY_ID, "version": Order("version")}
    default_ordering = "-version"

    def get_queryset(self) -> QuerySet[Any]:
        return super().get_queryset().filter(scorecard_id=self.scorecard.pk)

    def list(self, request: Request, id: str) -> Response:  # type: ignore[override]
        self.scorecard = self._scorecard(id)
        return super().list(request)

    @extend_schema(summary="Read a version of a scorecard", description="By its number.")
    def retrieve(self, request: Request, id: str, version: int) -> Response:  # type: ignore[override]
        self.scorecard = self._scorecard(id)
        return self.shown(self.one(self.get_queryset(), version=version))

    def _scorecard(self, reference: str) -> Scorecard:
        found: Scorecard = self.find(reference, Scorecard.objects.all())
        return found
