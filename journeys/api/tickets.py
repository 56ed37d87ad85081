"""``/api/v1/tickets/``"""

from __future__ import annotations

from typing import Any, ClassVar

import django_filters
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import serializers

from accounts.api.dated import DatedViewSet
from csplatform.core.rest.fields import Instant
from csplatform.core.rest.filters import TrueOrFalse
from csplatform.core.rest.paging import BY_ID, Order
from journeys.models import Ticket, TicketPriority
from journeys.services import tickets

_PRIORITIES = [each for each in TicketPriority.choices if each[0]]


class TicketSerializer(serializers.Serializer[Any]):
    """What a customer asked of support. `solved_at` is null while it is open."""

    id = serializers.UUIDField(read_only=True)
    external_id = serializers.CharField(read_only=True)
    customer_id = serializers.UUIDField(read_only=True)
    customer_external_id = serializers.CharField(source="customer.external_id", read_only=True)
    contact_id = serializers.UUIDField(read_only=True, allow_null=True)
    contact_external_id = serializers.CharField(
        source="contact.external_id", read_only=True, allow_null=True, default=None
    )
    subject = serializers.CharField(read_only=True)
    priority = serializers.ChoiceField(choices=TicketPriority.choices, read_only=True)
    opened_at = Instant(read_only=True)
    first_reply_at = Instant(read_only=True, allow_null=True)
    solved_at = Instant(read_only=True, allow_null=True)
    csat = serializers.IntegerField(read_only=True, allow_null=True, help_text="From 1 to 5.")
    known_at = Instant(read_only=True)
    updated_at = Instant(read_only=True)
    version = serializers.IntegerField(read_only=True)


class TicketWriteSerializer(serializers.Serializer[Any]):
    """The fields of a ticket that can be written. A new one needs its customer and when it was opened."""

    external_id = serializers.CharField(max_length=200, required=False)
    customer_external_id = serializers.CharField(max_length=200, required=False)
    contact_external_id = serializers.CharField(max_length=200, required=False, allow_blank=True)
    subject = serializers.CharField(max_length=300, required=False, allow_blank=True)
    priority = serializers.CharField(
        max_length=60, required=False, allow_blank=True, help_text="low, normal, high, urgent or empty."
    )
    opened_at = serializers.DateTimeField(required=False)
    first_reply_at = serializers.DateTimeField(required=False, allow_null=True)
    solved_at = serializers.DateTimeField(required=False, allow_null=True)
    csat = serializers.IntegerField(min_value=1, max_value=5, required=False, allow_null=True)


class TicketFilters(django_filters.FilterSet):
    external_id = django_filters.CharFilter()
    customer = django_filters.UUIDFilter(field_name="customer_id", help_text="Id of the customer.")
    customer_external_id = django_filters.CharFilter(field_name="customer__external_id")
    contact = django_filters.UUIDFilter(field_name="contact_id", help_text="Id of the contact who asked.")
    priority = django_filters.ChoiceFilter(choices=_PRIORITIES)
    is_open = TrueOrFalse(field_name="solved_at", lookup_expr="isnull", help_text="true or false.")
    opened_at_from = django_filters.IsoDateTimeFilter(field_name="opened_at", lookup_expr="gte")
    opened_at_to = django_filters.IsoDateTimeFilter(field_name="opened_at", lookup_expr="lte")
    updated_at_from = django_filters.IsoDateTimeFilter(field_name="updated_at", lookup_expr="gte")
    updated_at_to = django_filters.IsoDateTimeFilter(field_name="updated_at", lookup_expr="lte")


@extend_schema_view(
    create=extend_schema(
        summary="Create a ticket",
        description="`external_id`, `customer_external_id` and `opened_at` are required.",
        request=TicketWriteSerializer,
        responses={201: TicketSerializer},
        examples=[
            OpenApiExample(
                "A ticket",
                request_only=True,
                value={
                    "external_id": "t-9001",
                    "customer_external_id": "c-1042",
                    "subject": "Labels print twice",
                    "priority": "high",
                    "opened_at": "2026-11-03T08:12:00Z",
                },
            )
        ],
    ),
    update=extend_schema(
        summary="Create or change a ticket",
        description="At `ext:` and an external id: made when it is new, else changed.",
        request=TicketWriteSerializer,
        responses={200: TicketSerializer, 201: TicketSerializer},
    ),
    partial_update=extend_schema(
        summary="Change a ticket",
        description="The fields told are changed, the others keep their value. `solved_at` closes it.",
        request=TicketWriteSerializer,
        responses=TicketSerializer,
    ),
    destroy=extend_schema(
        summary="Delete a ticket",
        description="From now on; what earlier days were judged by stays.",
        request=None,
        responses={204: None},
    ),
    list=extend_schema(summary="List tickets", description="What customers asked of support, a page at a time."),
    retrieve=extend_schema(summary="Read a ticket", description="By its id, or by `ext:` and its external id."),
)
class TicketViewSet(DatedViewSet):
    model = Ticket
    resource = "tickets"
    kind = tickets.KIND
    serializer_class = TicketSerializer
    write_serializer_class = TicketWriteSerializer
    filterset_class = TicketFilters
    joins = ("customer", "contact")
    orders: ClassVar[dict[str, Order]] = {**BY_ID, "opened_at": Order("opened_at")}
