"""``/api/v1/customers/``"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar

import django_filters
from babel.numbers import get_currency_precision
from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers

from accounts.api.access import DELETE, Need
from accounts.api.writing import Told, WritableViewSet
from accounts.models import Customer
from accounts.models.customers import ContractState, HealthBand
from accounts.services import customers, deletion
from accounts.values import WHOLE_LIMIT
from csplatform.core.rest.fields import Amount, Instant, Money, Scaled, shaped
from csplatform.core.rest.paging import BY_ID, Order

_ATTRIBUTES = {"type": "object", "additionalProperties": {"type": ["string", "number", "boolean", "null"]}}
_LARGEST_MINOR = 2**63 - 1


class HealthSummarySerializer(serializers.Serializer[Any]):
    """The present score, as lists show it; ``customers/{id}/health/`` explains it."""

    score = Scaled(100, source="health.points", allow_null=True)
    band = serializers.ChoiceField(source="health.band", choices=HealthBand.choices, read_only=True)
    change_28d = Scaled(100, source="health.change", allow_null=True, help_text="Points against 28 days ago.")
    coverage = Scaled(
        100,
        source="health.coverage",
        allow_null=True,
        help_text="Share of the scorecard's weight that has data, 0 to 1.",
    )


class ChurnSummarySerializer(serializers.Serializer[Any]):
    probability = Scaled(10_000, source="health.churn_risk", allow_null=True)
    interval = serializers.SerializerMethodField()

    @extend_schema_field({"type": ["array", "null"], "items": {"type": "number"}, "minItems": 2, "maxItems": 2})
    def get_interval(self, row: Customer) -> list[float] | None:
        low, high = row.health.churn_risk_low, row.health.churn_risk_high
        return None if low is None or high is None else [low / 10_000, high / 10_000]


class CustomerSerializer(serializers.Serializer[Any]):
    """A customer. The first part can be written under the same names; the rest is computed from its facts."""

    id = serializers.UUIDField(read_only=True)
    external_id = serializers.CharField(read_only=True)
    name = serializers.CharField(read_only=True)
    domain = serializers.CharField(read_only=True)
    industry = serializers.CharField(read_only=True)
    country = serializers.CharField(read_only=True)
    region = serializers.CharField(read_only=True)
    employees = serializers.IntegerField(read_only=True, allow_null=True)
    lifecycle_stage = serializers.CharField(read_only=True)
    source = serializers.CharField(read_only=True)  # type: ignore[assignment]  # a field of the interface, not DRF's attribute
    tags = serializers.ListField(child=serializers.CharField(), read_only=True)
    owner_email = serializers.EmailField(source="csm.user.email", read_only=True, allow_null=True, default=None)
    owner_id = serializers.UUIDField(source="csm_id", read_only=True, allow_null=True)
    parent_id = serializers.UUIDField(read_only=True, allow_null=True)
    parent_external_id = serializers.CharField(
        source="parent.external_id", read_only=True, allow_null=True, default=None
    )
    referred_by_id = serializers.UUIDField(read_only=True, allow_null=True)
    referred_by_external_id = serializers.CharField(
        source="referred_by.external_id", read_only=True, allow_null=True, default=None
    )
    expected_arr = Money("expected_arr_minor", help_text="Hoped for, before the contract.")
    attributes = serializers.SerializerMethodField(help_text="Custom attributes by key.")
    stage = serializers.CharField(source="stage_key", read_only=True)
    created_at = Instant(read_only=True)
    stage_macro = serializers.CharField(read_only=True)
    stage_since = serializers.DateField(read_only=True, allow_null=True)
    contract_state = serializers.ChoiceField(choices=ContractState.choices, read_only=True)
    churned_on = serializers.DateField(read_only=True, allow_null=True)
    arr = Money("arr_minor", help_text="Annual recurring revenue of the subscriptions in force.")
    currency = serializers.SerializerMethodField(help_text="Of arr and expected_arr: the workspace's.")
    seats = serializers.IntegerField(read_only=True, allow_null=True)
    renewal_on = serializers.DateField(read_only=True, allow_null=True)
    notice_deadline = serializers.DateField(read_only=True, allow_null=True)
    health = HealthSummarySerializer(source="*", read_only=True)
    churn = ChurnSummarySerializer(source="*", read_only=True)
    last_event_at = Instant(source="health.last_event_at", read_only=True, allow_null=True)
    known_at = Instant(read_only=True)
    updated_at = Instant(read_only=True)
    version = serializers.IntegerField(read_only=True)

    @extend_schema_field(_ATTRIBUTES)
    def get_attributes(self, row: Customer) -> dict[str, Any]:
        return {each.definition.key: each.value for each in row.attribute_values.all()}

    def get_currency(self, row: Customer) -> str:
        currency: str = self.context["workspace"].currency
        return currency


class CustomerWriteSerializer(serializers.Serializer[Any]):
    """The fields of a customer that can be written. What is left out keeps its value."""

    external_id = serializers.CharField(max_length=200, required=False)
    name = serializers.CharField(max_length=300, required=False)
    domain = serializers.CharField(max_length=253, required=False, allow_blank=True)
    industry = serializers.CharField(max_length=120, required=False, allow_blank=True)
    country = serializers.CharField(max_length=60, required=False, allow_blank=True)
    region = serializers.CharField(max_length=120, required=False, allow_blank=True)
    employees = serializers.IntegerField(min_value=0, max_value=WHOLE_LIMIT, required=False, allow_null=True)
    lifecycle_stage = serializers.CharField(max_length=60, required=False, allow_blank=True)
    source = serializers.CharField(max_length=120, required=False, allow_blank=True)  # type: ignore[assignment]  # a field of the interface, not DRF's attribute
    tags = serializers.ListField(child=serializers.CharField(max_length=60), max_length=100, required=False)
    owner_email = serializers.CharField(max_length=254, required=False, allow_null=True, allow_blank=True)
    parent_external_id = serializers.CharField(max_length=200, required=False, allow_null=True, allow_blank=True)
    referred_by_external_id = serializers.CharField(max_length=200, required=False, allow_null=True, allow_blank=True)
    expected_arr = Amount(allow_null=True, help_text="In the workspace's currency.")
    stage = serializers.CharField(max_length=60, required=False, allow_blank=True, help_text="Key of a stage.")
    created_at = serializers.DateTimeField(required=False, help_text="When the relation began.")
    attributes = shaped(serializers.DictField, _ATTRIBUTES)(
        required=False, help_text="Custom attributes by key; null clears one."
    )


class CustomerFilters(django_filters.FilterSet):
    external_id = django_filters.CharFilter()
    name = django_filters.CharFilter(help_text="The whole name.")
    domain = django_filters.CharFilter()
    industry = django_filters.CharFilter()
    country = django_filters.CharFilter()
    region = django_filters.CharFilter()
    lifecycle_stage = django_filters.CharFilter()
    tag = django_filters.CharFilter(method="with_tag", help_text="Has this tag.")
    owner = django_filters.UUIDFilter(field_name="csm_id", help_text="Id of the member who is its CSM.")
    owner_email = django_filters.CharFilter(field_name="csm__user__email", lookup_expr="iexact")
    parent = django_filters.UUIDFilter(field_name="parent_id")
    parent_external_id = django_filters.CharFilter(field_name="parent__external_id")
    referred_by_external_id = django_filters.CharFilter(field_name="referred_by__external_id")
    stage = django_filters.CharFilter(field_name="stage_key")
    stage_macro = django_filters.CharFilter()
    contract_state = django_filters.ChoiceFilter(choices=ContractState.choices)
    health_band = django_filters.ChoiceFilter(field_name="health__band", choices=HealthBand.choices)
    arr_min = django_filters.NumberFilter(method="with_arr", help_text="ARR of this or more, in whole units.")
    arr_max = django_filters.NumberFilter(method="with_arr", help_text="ARR of this or less, in whole units.")
    renewal_on_from = django_filters.DateFilter(field_name="renewal_on", lookup_expr="gte")
    renewal_on_to = django_filters.DateFilter(field_name="renewal_on", lookup_expr="lte")
    notice_deadline_from = django_filters.DateFilter(field_name="notice_deadline", lookup_expr="gte")
    notice_deadline_to = django_filters.DateFilter(field_name="notice_deadline", lookup_expr="lte")
    churned_on_from = django_filters.DateFilter(field_name="churned_on", lookup_expr="gte")
    churned_on_to = django_filters.DateFilter(field_name="churned_on", lookup_expr="lte")
    updated_at_from = django_filters.IsoDateTimeFilter(field_name="updated_at", lookup_expr="gte")
    updated_at_to = django_filters.IsoDateTimeFilter(field_name="updated_at", lookup_expr="lte")

    def with_tag(self, queryset: QuerySet[Customer], name: str, value: str) -> QuerySet[Customer]:
        return queryset.filter(tags__contains=[value])

    def with_arr(self, queryset: QuerySet[Customer], name: str, value: Decimal) -> QuerySet[Customer]:
        currency = self.request.auth.workspace.currency
        minor = max(-_LARGEST_MINOR, min(_LARGEST_MINOR, int(value.scaleb(get_currency_precision(currency)))))
        return queryset.filter(**{"arr_minor__gte" if name == "arr_min" else "arr_minor__lte": minor})


WRITE_EXAMPLE = OpenApiExample(
    "A customer",
    request_only=True,
    value={
        "external_id": "c-1042",
        "name": "Nottingham Freight",
        "domain": "freight.example",
        "country": "GB",
        "employees": 420,
        "tags": ["logistics"],
        "expected_arr": "186000.00",
    },
)


@extend_schema_view(
    create=extend_schema(
        summary="Create a customer",
        request=CustomerWriteSerializer,
        responses={201: CustomerSerializer},
        description="`external_id` is required and must not be taken.",
        examples=[WRITE_EXAMPLE],
    ),
    update=extend_schema(
        summary="Create or change a customer",
        request=CustomerWriteSerializer,
        responses={200: CustomerSerializer, 201: CustomerSerializer},
        examples=[WRITE_EXAMPLE],
        description="At `ext:` and an external id: made when it is new, else changed; what is left out stays.",
    ),
    partial_update=extend_schema(
        summary="Change a customer",
        request=CustomerWriteSerializer,
        responses=CustomerSerializer,
        description="The fields told are changed, the others keep their value.",
    ),
    destroy=extend_schema(
        summary="Delete a customer",
        description="For good, with its contacts, subscriptions, scores and product events. Subsidiaries stay, without "
        "their parent. Later events of its id are those of an unknown customer.",
        request=None,
        responses={204: None},
    ),
    list=extend_schema(summary="List customers", description="Customers of the workspace, a page at a time."),
    retrieve=extend_schema(summary="Read a customer", description="By its id, or by `ext:` and its external id."),
)
class CustomerViewSet(WritableViewSet):
    model = Customer
    needs: ClassVar[Mapping[str, Need]] = {**WritableViewSet.needs, "destroy": DELETE}
    resource = "customers"
    serializer_class = CustomerSerializer
    write_serializer_class = CustomerWriteSerializer
    filterset_class = CustomerFilters
    joins = ("health", "csm__user", "parent", "referred_by")
    prefetches = ("attribute_values__definition",)
    orders: ClassVar[dict[str, Order]] = {
        **BY_ID,
        "name": Order("name_sort"),
        "arr": Order("arr_minor", index_descends=True),
        "health": Order("health__points", nullable=True),
        "churn_risk": Order("health__churn_risk", nullable=True),
        "renewal_on": Order("renewal_on", nullable=True),
        "notice_deadline": Order("notice_deadline", nullable=True),
        "stage": Order("stage_key"),
    }

    def make(self, external_id: str, told: Told) -> Customer:
        return customers.create(
            external_id=external_id, told=told.values, actor=self.caller.actor, now=self.now, **told.more
        )

    def change(self, row: Customer, told: Told) -> Customer:
        return customers.update(
            customer_id=row.pk, told=told.values, actor=self.caller.actor, now=self.now, **told.more
        )

    def remove(self, row: Customer, expected_version: int | None) -> None:
        deletion.delete_customer(
            customer_id=row.pk, actor=self.caller.actor, now=self.now, expected_version=expected_version
        )
