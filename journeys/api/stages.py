"""``/api/v1/stages/``"""

from __future__ import annotations

from typing import Any, ClassVar

import django_filters
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers

from accounts.api.base import RecordViewSet
from csplatform.core.rest.paging import BY_ID, Order
from journeys.models import Macro, Phase, Stage


class StageSerializer(serializers.Serializer[Any]):
    """One of the workspace's own stages, with the macro stage and the phase it belongs to."""

    id = serializers.UUIDField(read_only=True)
    key = serializers.CharField(read_only=True)
    name = serializers.CharField(read_only=True)
    macro = serializers.ChoiceField(choices=Macro.choices, read_only=True)
    phase = serializers.ChoiceField(choices=Phase.choices, read_only=True)
    order = serializers.IntegerField(read_only=True)


class StageFilters(django_filters.FilterSet):
    key = django_filters.CharFilter()
    macro = django_filters.ChoiceFilter(choices=Macro.choices)


@extend_schema_view(
    list=extend_schema(summary="List stages", description="The stages of this workspace, in their order."),
    retrieve=extend_schema(summary="Read a stage", description="By its id."),
)
class StageViewSet(RecordViewSet):
    model = Stage
    serializer_class = StageSerializer
    filterset_class = StageFilters
    orders: ClassVar[dict[str, Order]] = {**BY_ID, "order": Order("order")}
    default_ordering = "order"
