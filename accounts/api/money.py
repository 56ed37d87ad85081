"""``/api/v1/invoices/`` and ``/api/v1/opportunities/``"""

from __future__ import annotations

from typing import Any, ClassVar

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import serializers

from accounts.api.dated import DatedViewSet
from accounts.models import Invoice, Opportunity, OpportunityKind
from accounts.services import invoices, opportunities
from csplatform.core.rest.fields import Amount, Instant, Money
from csplatform.core.rest.filters import TrueOrFalse
from csplatform.core.rest.paging import BY_ID, Order

_CURRENCY_HELP = "The workspace's when left out."


class InvoiceSerializer(serializers.Serializer[Any]):
    """What was billed. Days are UTC dates; `paid_on` is null while it is unpaid."""

    id = serializers.UUIDField(read_only=True)
    external_id = serializers.CharField(read_only=True)
    customer_id = serializers.UUIDField(read_only=True)
    customer_external_id = serializers.CharField(source="customer.external_id", read_only=True)
    issued_on = serializers.DateField(read_only=True)
    due_on = serializers.DateField(read_only=True, allow_null=True)
    paid_on = serializers.DateField(read_only=True, allow_null=True)
    amount = Money("amount_minor")
    currency = serializers.CharField(read_only=True)
    known_at = Instant(read_only=True)
    updated_at = Instant(read_only=True)
    version = serializers.IntegerField(read_only=True)


class InvoiceWriteSerializer(serializers.Serializer[Any]):
    """The fields of an invoice that can be written. A new one needs its customer, its day and its amount."""

    external_id = serializers.CharField(max_length=200, required=False)
    customer_external_id = serializers.CharField(max_length=200, required=False)
    issued_on = serializers.DateField(required=False)
    due_on = serializers.DateField(required=False, allow_null=True)
    paid_on = serializers.DateField(required=False, allow_null=True)
    amount = Amount(help_text="What it asks for.")
    currency = serializers.CharField(max_length=3, required=False, help_text=_CURRENCY_HELP)


class InvoiceFilters(django_filters.FilterSet):
    external_id = django_filters.CharFilter()
    customer = django_filters.UUIDFilter(field_name="customer_id", help_text="Id of the customer.")
    customer_external_id = django_filters.CharFilter(field_name="customer__external_id")
    is_paid = TrueOrFalse(field_name="paid_on", lookup_expr="isnull", exclude=True, help_text="true or false.")
    issued_on_from = django_filters.DateFilter(field_name="issued_on", lookup_expr="gte")
    issued_on_to = django_filters.DateFilter(field_name="issued_on", lookup_expr="lte")
    due_on_from = django_filters.DateFilter(field_name="due_on", lookup_expr="gte")
    due_on_to = django_filters.DateFilter(field_name="due_on", lookup_expr="lte")
    updated_at_from = django_filters.IsoDateTimeFilter(field_name="updated_at", lookup_expr="gte")
    updated_at_to = django_filters.IsoDateTimeFilter(field_name="updated_at", lookup_expr="lte")


@extend_schema_view(
    create=extend_schema(
        summary="Create an invoice",
        description="`external_id`, `customer_external_id`, `issued_on` and `amount` are required.",
        request=InvoiceWriteSerializer,
        responses={201: InvoiceSerializer},
        examples=[
            OpenApiExample(
                "An invoice",
                request_only=True,
                value={
                    "external_id": "i-204",
                    "customer_external_id": "c-1042",
                    "issued_on": "2026-10-01",
                    "due_on": "2026-10-31",
                    "amount": "46500.00",
                    "currency": "EUR",
                },
            )
        ],
    ),
    update=extend_schema(
        summary="Create or change an invoice",
        description="At `ext:` and an external id: made when it is new, else changed.",
        request=InvoiceWriteSerializer,
        responses={200: InvoiceSerializer, 201: InvoiceSerializer},
    ),
    partial_update=extend_schema(
        summary="Change an invoice",
        description="The fields told are changed, the others keep their value.",
        request=InvoiceWriteSerializer,
        responses=InvoiceSerializer,
    ),
    destroy=extend_schema(
        summary="Delete an invoice",
        description="From now on; what earlier days were judged by stays.",
        request=None,
        responses={204: None},
    ),
    list=extend_schema(summary="List invoices", description="What was billed, a page at a time."),
    retrieve=extend_schema(summary="Read an invoice", description="By its id, or by `ext:` and its external id."),
)
class InvoiceViewSet(DatedViewSet):
    model = Invoice
    resource = "invoices"
    kind = invoices.KIND
    serializer_class = InvoiceSerializer
    write_serializer_class = InvoiceWriteSerializer
    filterset_class = InvoiceFilters
    joins = ("customer",)
    orders: ClassVar[dict[str, Order]] = {**BY_ID, "issued_on": Order("issued_on")}


class OpportunitySerializer(serializers.Serializer[Any]):
    """What may be sold. `won` is null while it is open; `closed_on` is then the day it is expected to close."""

    id = serializers.UUIDField(read_only=True)
    external_id = serializers.CharField(read_only=True)
    customer_id = serializers.UUIDField(read_only=True)
    customer_external_id = serializers.CharField(source="customer.external_id", read_only=True)
    kind = serializers.ChoiceField(choices=OpportunityKind.choices, read_only=True)
    amount = Money("amount_minor")
    currency = serializers.CharField(read_only=True)
    stage = serializers.CharField(read_only=True)
    opened_on = serializers.DateField(read_only=True)
    closed_on = serializers.DateField(read_only=True, allow_null=True)
    won = serializers.BooleanField(read_only=True, allow_null=True)
    known_at = Instant(read_only=True)
    updated_at = Instant(read_only=True)
    version = serializers.IntegerField(read_only=True)


class OpportunityWriteSerializer(serializers.Serializer[Any]):
    """The fields of an opportunity that can be written. A new one needs its customer, its kind and its first day."""

    external_id = serializers.CharField(max_length=200, required=False)
    customer_external_id = serializers.CharField(max_length=200, required=False)
    kind = serializers.CharField(
        max_length=60, required=False, help_text=f"One of {', '.join(OpportunityKind.values)}."
    )
    amount = Amount(allow_null=True, help_text="What it would bring.")
    currency = serializers.CharField(max_length=3, required=False, help_text=_CURRENCY_HELP)
    stage = serializers.CharField(max_length=120, required=False, allow_blank=True)
    opened_on = serializers.DateField(required=False)
    closed_on = serializers.DateField(required=False, allow_null=True)
    won = serializers.BooleanField(required=False, allow_null=True)


class OpportunityFilters(django_filters.FilterSet):
    external_id = django_filters.CharFilter()
    customer = django_filters.UUIDFilter(field_name="customer_id", help_text="Id of the customer.")
    customer_external_id = django_filters.CharFilter(field_name="customer__external_id")
    kind = django_filters.ChoiceFilter(choices=OpportunityKind.choices)
    stage = django_filters.CharFilter()
    is_open = TrueOrFalse(field_name="won", lookup_expr="isnull", help_text="true or false.")
    won = TrueOrFalse(method="by_result", help_text="true: won; false: lost.")
    opened_on_from = django_filters.DateFilter(field_name="opened_on", lookup_expr="gte")
    opened_on_to = django_filters.DateFilter(field_name="opened_on", lookup_expr="lte")
    closed_on_from = django_filters.DateFilter(field_name="closed_on", lookup_expr="gte")
    closed_on_to = django_filters.DateFilter(field_name="closed_on", lookup_expr="lte")
    updated_at_from = django_filters.IsoDateTimeFilter(field_name="updated_at", lookup_expr="gte")
    updated_at_to = django_filters.IsoDateTimeFilter(field_name="updated_at", lookup_expr="lte")

    def by_result(self, rows: QuerySet[Any], name: str, value: Any) -> QuerySet[Any]:
        return rows.filter(won=value)


@extend_schema_view(
    create=extend_schema(
        summary="Create an opportunity",
        description="`external_id`, `customer_external_id`, `kind` and `opened_on` are required.",
        request=OpportunityWriteSerializer,
        responses={201: OpportunitySerializer},
        examples=[
            OpenApiExample(
                "An opportunity",
                request_only=True,
                value={
                    "external_id": "o-31",
                    "customer_external_id": "c-1042",
                    "kind": "expansion",
                    "amount": "24000.00",
                    "currency": "EUR",
                    "stage": "Proposal",
                    "opened_on": "2026-10-05",
                },
            )
        ],
    ),
    update=extend_schema(
        summary="Create or change an opportunity",
        description="At `ext:` and an external id: made when it is new, else changed.",
        request=OpportunityWriteSerializer,
        responses={200: OpportunitySerializer, 201: OpportunitySerializer},
    ),
    partial_update=extend_schema(
        summary="Change an opportunity",
        description="The fields told are changed, the others keep their value. `won` closes it, with `closed_on`.",
        request=OpportunityWriteSerializer,
        responses=OpportunitySerializer,
    ),
    destroy=extend_schema(
        summary="Delete an opportunity",
        description="From now on; what earlier days were judged by stays.",
        request=None,
        responses={204: None},
    ),
    list=extend_schema(summary="List opportunities", description="What may be sold, a page at a time."),
    retrieve=extend_schema(summary="Read an opportunity", description="By its id, or by `ext:` and its external id."),
)
class OpportunityViewSet(DatedViewSet):
    model = Opportunity
    resource = "opportunities"
    kind = opportunities.KIND
    serializer_class = OpportunitySerializer
    write_serializer_class = OpportunityWriteSerializer
    filterset_class = OpportunityFilters
    joins = ("customer",)
    orders: ClassVar[dict[str, Order]] = {**BY_ID, "opened_on": Order("opened_on")}
