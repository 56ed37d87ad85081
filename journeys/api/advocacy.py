"""``/api/v1/advocacy/``"""

from __future__ import annotations

from typing import Any, ClassVar

import django_filters
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers

from accounts.api.writing import Told, WritableViewSet
from csplatform.core.rest.fields import Instant
from csplatform.core.rest.filters import TrueOrFalse
from csplatform.core.rest.paging import BY_ID, Order
from journeys.models import AdvocacyAct, AdvocacyKind, AdvocacyState
from journeys.services import advocacy


class AdvocacySerializer(serializers.Serializer[Any]):
    """Something a customer does for you. `withdrawn_at`: since when it no longer stands."""

    id = serializers.UUIDField(read_only=True)
    external_id = serializers.CharField(read_only=True)
    customer_id = serializers.UUIDField(read_only=True)
    customer_external_id = serializers.CharField(source="customer.external_id", read_only=True)
    contact_external_id = serializers.CharField(
        source="contact.external_id", read_only=True, allow_null=True, default=None
    )
    kind = serializers.ChoiceField(choices=AdvocacyKind.choices, read_only=True)
    state = serializers.ChoiceField(choices=AdvocacyState.choices, read_only=True)
    why = serializers.CharField(read_only=True)
    url = serializers.CharField(read_only=True)
    referred_id = serializers.UUIDField(read_only=True, allow_null=True)
    referred_external_id = serializers.CharField(
        source="referred.external_id", read_only=True, allow_null=True, default=None
    )
    suggested_at = Instant(read_only=True)
    asked_at = Instant(read_only=True, allow_null=True)
    agreed_at = Instant(read_only=True, allow_null=True)
    done_at = Instant(read_only=True, allow_null=True)
    thanked_at = Instant(read_only=True, allow_null=True)
    declined_at = Instant(read_only=True, allow_null=True)
    withdrawn_at = Instant(read_only=True, allow_null=True)
    known_at = Instant(read_only=True)
    updated_at = Instant(read_only=True)
    version = serializers.IntegerField(read_only=True)


class AdvocacyWriteSerializer(serializers.Serializer[Any]):
    """The fields that can be written. A state without its moment is reached now; asking now may be refused."""

    external_id = serializers.CharField(max_length=200, required=False)
    customer_external_id = serializers.CharField(max_length=200, required=False)
    contact_external_id = serializers.CharField(max_length=200, required=False, allow_blank=True)
    kind = serializers.ChoiceField(choices=AdvocacyKind.choices, required=False)
    state = serializers.ChoiceField(choices=AdvocacyState.choices, required=False)
    why = serializers.CharField(max_length=advocacy.MOST_WHY, required=False, allow_blank=True)
    url = serializers.CharField(max_length=500, required=False, allow_blank=True)
    referred_external_id = serializers.CharField(max_length=200, required=False, allow_blank=True)
    suggested_at = serializers.DateTimeField(required=False)
    asked_at = serializers.DateTimeField(required=False)
    agreed_at = serializers.DateTimeField(required=False)
    done_at = serializers.DateTimeField(required=False)
    thanked_at = serializers.DateTimeField(required=False)
    declined_at = serializers.DateTimeField(required=False)


class AdvocacyFilters(django_filters.FilterSet):
    external_id = django_filters.CharFilter()
    customer = django_filters.UUIDFilter(field_name="customer_id", help_text="Id of the customer.")
    customer_external_id = django_filters.CharFilter(field_name="customer__external_id")
    referred_external_id = django_filters.CharFilter(field_name="referred__external_id")
    kind = django_filters.ChoiceFilter(choices=AdvocacyKind.choices)
    state = django_filters.ChoiceFilter(choices=AdvocacyState.choices)
    is_withdrawn = TrueOrFalse(
        field_name="withdrawn_at", lookup_expr="isnull", exclude=True, help_text="true or false."
    )
    updated_at_from = django_filters.IsoDateTimeFilter(field_name="updated_at", lookup_expr="gte")
    updated_at_to = django_filters.IsoDateTimeFilter(field_name="updated_at", lookup_expr="lte")


@extend_schema_view(
    create=extend_schema(
        summary="Create an act of advocacy",
        description="`external_id`, `customer_external_id` and `kind` are required. To ask now (`state` asked without "
        "`asked_at`) is refused while the customer or the person rests or does not want to be asked.",
        request=AdvocacyWriteSerializer,
        responses={201: AdvocacySerializer},
    ),
    update=extend_schema(
        summary="Create or change an act of advocacy",
        description="At `ext:` and an external id: made when it is new, else changed.",
        request=AdvocacyWriteSerializer,
        responses={200: AdvocacySerializer, 201: AdvocacySerializer},
    ),
    partial_update=extend_schema(
        summary="Change an act of advocacy",
        description="The fields told are changed, the state included. `referred_external_id` has that "
        "customer remember who referred it.",
        request=AdvocacyWriteSerializer,
        responses=AdvocacySerializer,
    ),
    destroy=extend_schema(
        summary="Delete an act of advocacy",
        description="One that never was; a customer it brought stays.",
        request=None,
        responses={204: None},
    ),
    list=extend_schema(summary="List advocacy", description="What customers do for you, a page at a time."),
    retrieve=extend_schema(
        summary="Read an act of advocacy", description="By its id, or by `ext:` and its external id."
    ),
)
class AdvocacyViewSet(WritableViewSet):
    model = AdvocacyAct
    resource = "advocacy"
    serializer_class = AdvocacySerializer
    write_serializer_class = AdvocacyWriteSerializer
    filterset_class = AdvocacyFilters
    joins = ("customer", "contact", "referred")
    orders: ClassVar[dict[str, Order]] = {**BY_ID, "updated_at": Order("updated_at")}

    def make(self, external_id: str, told: Told) -> AdvocacyAct:
        return advocacy.create(external_id=external_id, told=told.values, actor=self.caller.actor, now=self.now)

    def change(self, row: AdvocacyAct, told: Told) -> AdvocacyAct:
        return advocacy.update(act_id=row.pk, told=told.values, actor=self.caller.actor, now=self.now)

    def remove(self, row: AdvocacyAct, expected_version: int | None) -> None:
        advocacy.delete(act_id=row.pk, actor=self.caller.actor, now=self.now, expected_version=expected_version)
