"""``/api/v1/subscriptions/``"""

from __future__ import annotations

from typing import Any

import django_filters
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import serializers

from accounts.api.writing import Told, WritableViewSet
from accounts.models import Subscription
from accounts.services import deletion, subscriptions
from accounts.values import WHOLE_LIMIT
from csplatform.core.rest.fields import Amount, Instant, Money
from csplatform.core.rest.filters import TrueOrFalse


class SubscriptionSerializer(serializers.Serializer[Any]):
    """What a customer pays for. Days are UTC dates; ``ends_on`` is the first day without it."""

    id = serializers.UUIDField(read_only=True)
    external_id = serializers.CharField(read_only=True)
    customer_id = serializers.UUIDField(read_only=True)
    customer_external_id = serializers.CharField(source="customer.external_id", read_only=True)
    product = serializers.CharField(read_only=True)
    plan = serializers.CharField(read_only=True)
    seats = serializers.IntegerField(read_only=True, allow_null=True)
    arr = Money("arr_minor", help_text="Annual recurring revenue in `currency`.")
    mrr = Money("arr_minor", divided_by=12, help_text="A twelfth of `arr`, rounded to the currency's digits.")
    currency = serializers.CharField(read_only=True)
    billing_period_months = serializers.IntegerField(read_only=True)
    starts_on = serializers.DateField(read_only=True)
    ends_on = serializers.DateField(read_only=True, allow_null=True)
    cancelled_on = serializers.DateField(read_only=True, allow_null=True)
    renewal_on = serializers.DateField(read_only=True, allow_null=True)
    auto_renews = serializers.BooleanField(read_only=True)
    notice_days = serializers.IntegerField(read_only=True, allow_null=True)
    known_at = Instant(read_only=True)
    updated_at = Instant(read_only=True)
    version = serializers.IntegerField(read_only=True)


class SubscriptionWriteSerializer(serializers.Serializer[Any]):
    """The fields of a subscription that can be written. A new one needs its customer, its price and its start."""

    external_id = serializers.CharField(max_length=200, required=False)
    customer_external_id = serializers.CharField(max_length=200, required=False)
    product = serializers.CharField(max_length=120, required=False, allow_blank=True)
    plan = serializers.CharField(max_length=120, required=False, allow_blank=True)
    seats = serializers.IntegerField(min_value=0, max_value=WHOLE_LIMIT, required=False, allow_null=True)
    arr = Amount(help_text="A year's price. Wins over `mrr` when both are told.")
    mrr = Amount(help_text="A month's price.")
    currency = serializers.CharField(max_length=3, required=False, help_text="The workspace's when left out.")
    billing_period_months = serializers.IntegerField(min_value=1, max_value=120, required=False)
    starts_on = serializers.DateField(required=False)
    ends_on = serializers.DateField(required=False, allow_null=True)
    cancelled_on = serializers.DateField(required=False, allow_null=True)
    renewal_on = serializers.DateField(required=False, allow_null=True)
    auto_renews = serializers.BooleanField(required=False)
    notice_days = serializers.IntegerField(min_value=0, max_value=1000, required=False, allow_null=True)


class SubscriptionFilters(django_filters.FilterSet):
    external_id = django_filters.CharFilter()
    customer = django_filters.UUIDFilter(field_name="customer_id", help_text="Id of the customer.")
    customer_external_id = django_filters.CharFilter(field_name="customer__external_id")
    product = django_filters.CharFilter()
    plan = django_filters.CharFilter()
    currency = django_filters.CharFilter()
    auto_renews = TrueOrFalse(help_text="true or false.")
    starts_on_from = django_filters.DateFilter(field_name="starts_on", lookup_expr="gte")
    starts_on_to = django_filters.DateFilter(field_name="starts_on", lookup_expr="lte")
    ends_on_from = django_filters.DateFilter(field_name="ends_on", lookup_expr="gte")
    ends_on_to = django_filters.DateFilter(field_name="ends_on", lookup_expr="lte")
    renewal_on_from = django_filters.DateFilter(field_name="renewal_on", lookup_expr="gte")
    renewal_on_to = django_filters.DateFilter(field_name="renewal_on", lookup_expr="lte")
    updated_at_from = django_filters.IsoDateTimeFilter(field_name="updated_at", lookup_expr="gte")
    updated_at_to = django_filters.IsoDateTimeFilter(field_name="updated_at", lookup_expr="lte")


WRITE_EXAMPLE = OpenApiExample(
    "A subscription",
    request_only=True,
    value={
        "external_id": "s-77",
        "customer_external_id": "c-1042",
        "product": "Routing",
        "seats": 60,
        "arr": "186000.00",
        "currency": "EUR",
        "starts_on": "2026-01-01",
        "auto_renews": True,
        "notice_days": 90,
    },
)


@extend_schema_view(
    create=extend_schema(
        summary="Create a subscription",
        description="`external_id`, `customer_external_id`, `starts_on` and `arr` or `mrr` are required.",
        request=SubscriptionWriteSerializer,
        responses={201: SubscriptionSerializer},
        examples=[WRITE_EXAMPLE],
    ),
    update=extend_schema(
        summary="Create or change a subscription",
        description="At `ext:` and an external id: made when it is new, else changed.",
        request=SubscriptionWriteSerializer,
        responses={200: SubscriptionSerializer, 201: SubscriptionSerializer},
        examples=[WRITE_EXAMPLE],
    ),
    partial_update=extend_schema(
        summary="Change a subscription",
        description="The fields told are changed, the others keep their value.",
        request=SubscriptionWriteSerializer,
        responses=SubscriptionSerializer,
    ),
    destroy=extend_schema(
        summary="Delete a subscription",
        description="From now on; what earlier days were judged by stays. To end one, set `ends_on` instead.",
        request=None,
        responses={204: None},
    ),
    list=extend_schema(summary="List subscriptions", description="What customers pay for, a page at a time."),
    retrieve=extend_schema(summary="Read a subscription", description="By its id, or by `ext:` and its external id."),
)
class SubscriptionViewSet(WritableViewSet):
    model = Subscription
    resource = "subscriptions"
    serializer_class = SubscriptionSerializer
    write_serializer_class = SubscriptionWriteSerializer
    filterset_class = SubscriptionFilters
    joins = ("customer",)

    def make(self, external_id: str, told: Told) -> Subscription:
        return subscriptions.create(external_id=external_id, told=told.values, actor=self.caller.actor, now=self.now)

    def change(self, row: Subscription, told: Told) -> Subscription:
        return subscriptions.update(subscription_id=row.pk, told=told.values, actor=self.caller.actor, now=self.now)

    def remove(self, row: Subscription, expected_version: int | None) -> None:
        deletion.delete_subscription(
            subscription_id=row.pk, actor=self.caller.actor, now=self.now, expected_version=expected_version
        )
