"""``/api/v1/shocks/``, ``…/customers/`` and ``…/close/``"""

from __future__ import annotations

from typing import Any, ClassVar

import django_filters
from django.db.models import Count, QuerySet, Sum
from django.http import Http404
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.access import Need
from accounts.api.base import BY_EXTERNAL_ID, RecordViewSet
from accounts.api.writing import answered, refuse_unknown
from accounts.roles import Permission
from csplatform.core.ids import parse_uuid
from csplatform.core.rest import conditional
from csplatform.core.rest.fields import Instant, Money
from csplatform.core.rest.paging import BY_ID, Order
from journeys.models import Shock, ShockCustomer, ShockState
from journeys.services import shocks

MANAGE = Need("write", Permission.ASSIGN_PORTFOLIOS)


class ShockSerializer(serializers.Serializer[Any]):
    """Something that hit many customers at once: those its filter found when it was declared."""

    id = serializers.UUIDField(read_only=True)
    external_id = serializers.CharField(read_only=True)
    name = serializers.CharField(read_only=True)
    note = serializers.CharField(read_only=True)
    filter = serializers.JSONField(source="definition", read_only=True)
    words = serializers.CharField(read_only=True, help_text="The filter in words, as it was read at the declaration.")
    state = serializers.ChoiceField(choices=ShockState.choices, read_only=True)
    struck_on = serializers.DateField(read_only=True)
    declared_at = Instant(read_only=True)
    closed_at = Instant(read_only=True, allow_null=True)
    lesson = serializers.CharField(read_only=True)
    customers = serializers.IntegerField(read_only=True, help_text="How many are exposed.")
    arr = Money("arr_minor", help_text="Their ARR at the declaration.")
    version = serializers.IntegerField(read_only=True)


class ShockWriteSerializer(serializers.Serializer[Any]):
    """What a shock is declared with."""

    external_id = serializers.CharField(max_length=200, required=False, default="")
    name = serializers.CharField(max_length=shocks.MAX_NAME)
    note = serializers.CharField(max_length=shocks.MAX_TEXT, required=False, allow_blank=True, default="")
    filter = serializers.JSONField(help_text="In the filter language of segments.")
    struck_on = serializers.DateField(required=False, allow_null=True, default=None, help_text="Today if left out.")


class ShockCloseSerializer(serializers.Serializer[Any]):
    lesson = serializers.CharField(max_length=shocks.MAX_TEXT)


class ShockCustomerSerializer(serializers.Serializer[Any]):
    """A customer exposed, as it stood at the declaration."""

    id = serializers.UUIDField(source="customer_id", read_only=True)
    external_id = serializers.CharField(source="customer.external_id", read_only=True)
    name = serializers.CharField(source="customer.name", read_only=True)
    arr = Money("arr_minor")
    band = serializers.CharField(read_only=True)


class ShockFilters(django_filters.FilterSet):
    external_id = django_filters.CharFilter()
    state = django_filters.ChoiceFilter(choices=ShockState.choices)


@extend_schema_view(
    list=extend_schema(summary="List shocks", description="With how many customers and how much ARR are exposed."),
    retrieve=extend_schema(summary="Read a shock", description="By its id, or by `ext:` and its external id."),
)
class ShockViewSet(RecordViewSet):
    model = Shock
    has_external_id = True
    serializer_class = ShockSerializer
    filterset_class = ShockFilters
    orders: ClassVar[dict[str, Order]] = {**BY_ID, "declared_at": Order("declared_at")}
    needs: ClassVar[dict[str, Need]] = {"create": MANAGE, "close": MANAGE}

    def get_queryset(self) -> QuerySet[Any]:
        rows: QuerySet[Any] = (
            super().get_queryset().annotate(customers=Count("exposed"), arr_minor=Sum("exposed__arr_minor"))
        )
        return rows

    @extend_schema(
        summary="Declare a shock",
        description="On everybody the filter finds now. Playbooks hear `shock.declared`, and `shock.customer_exposed` "
        "for each customer.",
        request=ShockWriteSerializer,
        responses={201: ShockSerializer},
    )
    def create(self, request: Request) -> Response:
        form = ShockWriteSerializer(data=request.data)
        refuse_unknown(request.data, set(form.fields))
        form.is_valid(raise_exception=True)
        told = dict(form.validated_data)
        made = shocks.declare(definition=told.pop("filter"), **told, actor=self.caller.actor, now=self.now)
        return self.shown(self.one(self.get_queryset(), pk=made.pk), 201)

    @extend_schema(
        summary="Close a shock",
        description="With what was learnt; nothing about it changes any more.",
        request=ShockCloseSerializer,
        responses=ShockSerializer,
    )
    def close(self, request: Request, id: str) -> Response:
        row = self.find(id)
        form = ShockCloseSerializer(data=request.data)
        refuse_unknown(request.data, set(form.fields))
        form.is_valid(raise_exception=True)
        conditional.require_version(request, row.version)
        with answered():
            shocks.close(shock_id=row.pk, lesson=form.validated_data["lesson"], actor=self.caller.actor, now=self.now)
        return self.shown(self.one(self.get_queryset(), pk=row.pk))


class ShockCustomerFilters(django_filters.FilterSet):
    external_id = django_filters.CharFilter(field_name="customer__external_id")


@extend_schema_view(list=extend_schema(summary="List the customers of a shock", description="Those exposed to it."))
class ShockCustomerViewSet(RecordViewSet):
    model = ShockCustomer
    serializer_class = ShockCustomerSerializer
    filterset_class = ShockCustomerFilters
    joins = ("customer",)

    def list(self, request: Request, id: str = "") -> Response:
        shock = self.find_shock(id)
        rows = self.paginate_queryset(self.filter_queryset(self.get_queryset().filter(shock=shock))) or []
        return self.get_paginated_response(self.get_serializer(rows, many=True).data)

    @staticmethod
    def find_shock(reference: str) -> Shock:
        """By its id, or ``ext:`` and its external id; 404 where there is none."""
        wanted: dict[str, Any] = {"pk": parse_uuid(reference)}
        if reference.startswith(BY_EXTERNAL_ID):
            wanted = {"external_id": reference.removeprefix(BY_EXTERNAL_ID)}
        found = None if None in wanted.values() or "\0" in reference else Shock.objects.filter(**wanted).first()
        if found is None:
            raise Http404
        return found
