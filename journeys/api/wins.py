"""``/api/v1/wins/``"""

from __future__ import annotations

from typing import Any

import django_filters
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.access import WRITE
from accounts.api.writing import Told, WritableViewSet
from csplatform.core.rest.fields import Instant
from csplatform.core.rest.filters import TrueOrFalse
from csplatform.core.rest.paging import BY_ID, Order
from journeys.models import Win
from journeys.services.planning import wins


class WinSerializer(serializers.Serializer[Any]):
    """Value that came back. `by_rule`: recorded by itself when a KPI reached its target."""

    id = serializers.UUIDField(read_only=True)
    external_id = serializers.CharField(read_only=True, allow_null=True)
    customer_id = serializers.UUIDField(read_only=True)
    customer_external_id = serializers.CharField(source="customer.external_id", read_only=True)
    outcome_id = serializers.UUIDField(read_only=True, allow_null=True)
    outcome_external_id = serializers.CharField(
        source="outcome.external_id", read_only=True, allow_null=True, default=None
    )
    kpi_id = serializers.UUIDField(read_only=True, allow_null=True)
    title = serializers.CharField(read_only=True)
    story = serializers.CharField(read_only=True)
    happened_on = serializers.DateField(read_only=True)
    by_rule = serializers.BooleanField(read_only=True)
    celebrated_at = Instant(read_only=True, allow_null=True)
    celebrated_by = serializers.CharField(source="celebrated_by_label", read_only=True)
    known_at = Instant(read_only=True)
    recorded_at = Instant(read_only=True)
    actor = serializers.CharField(source="actor_label", read_only=True)
    version = serializers.IntegerField(read_only=True)


class WinWriteSerializer(serializers.Serializer[Any]):
    """The fields of a win that can be written."""

    external_id = serializers.CharField(max_length=200, required=False)
    customer_external_id = serializers.CharField(max_length=200, required=False)
    outcome_external_id = serializers.CharField(max_length=200, required=False, allow_blank=True)
    title = serializers.CharField(max_length=300, required=False)
    story = serializers.CharField(max_length=10_000, required=False, allow_blank=True)
    happened_on = serializers.DateField(required=False)


class WinFilters(django_filters.FilterSet):
    external_id = django_filters.CharFilter()
    customer = django_filters.UUIDFilter(field_name="customer_id", help_text="Id of the customer.")
    customer_external_id = django_filters.CharFilter(field_name="customer__external_id")
    outcome = django_filters.UUIDFilter(field_name="outcome_id", help_text="Id of the outcome.")
    happened_on_from = django_filters.DateFilter(field_name="happened_on", lookup_expr="gte")
    happened_on_to = django_filters.DateFilter(field_name="happened_on", lookup_expr="lte")
    celebrated = TrueOrFalse(field_name="celebrated_at", lookup_expr="isnull", exclude=True, help_text="true or false.")


@extend_schema_view(
    list=extend_schema(summary="List wins", description="What customers have reached."),
    retrieve=extend_schema(summary="Read a win", description="By its id, or by `ext:` and its external id."),
    create=extend_schema(
        summary="Record a win",
        description="`external_id`, `customer_external_id` and `title` are required; it happened today where not told.",
        request=WinWriteSerializer,
        responses={201: WinSerializer},
    ),
    update=extend_schema(
        summary="Record or change a win",
        description="At `ext:` and an external id: recorded when it is new, else changed.",
        request=WinWriteSerializer,
        responses={200: WinSerializer, 201: WinSerializer},
    ),
    partial_update=extend_schema(
        summary="Change a win",
        description="Title, story and day.",
        request=WinWriteSerializer,
        responses=WinSerializer,
    ),
)
class WinViewSet(WritableViewSet):
    model = Win
    resource = "wins"
    serializer_class = WinSerializer
    write_serializer_class = WinWriteSerializer
    filterset_class = WinFilters
    joins = ("customer", "outcome")
    orders = {**BY_ID, "happened_on": Order("happened_on")}
    needs = {**WritableViewSet.needs, "celebrate": WRITE}

    def make(self, external_id: str, told: Told) -> Win:
        return wins.create(external_id=external_id, told=told.values, actor=self.caller.actor, now=self.now)

    def change(self, row: Win, told: Told) -> Win:
        return wins.revise_win(win_id=row.pk, told=told.values, actor=self.caller.actor, now=self.now)

    @extend_schema(
        summary="Celebrate a win",
        description="The customer was congratulated. Once: celebrating again changes nothing.",
        request=None,
        responses=WinSerializer,
    )
    def celebrate(self, request: Request, id: str) -> Response:
        row = self.find(id)
        wins.celebrate(win_id=row.pk, actor=self.caller.actor, now=self.now)
        return self.shown(self.find(str(row.pk)))
