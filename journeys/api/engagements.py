"""``/api/v1/engagements/``"""

from __future__ import annotations

from typing import Any, ClassVar

import django_filters
from django.db.models import Exists, OuterRef, QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers

from accounts.api.writing import Told, WritableViewSet
from csplatform.core.rest.fields import Instant
from csplatform.core.rest.paging import BY_ID, Order
from journeys.models import Channel, Direction, Engagement, EngagementContact, EngagementCustomer, Sentiment
from journeys.selectors import engagements as selectors
from journeys.services import engagements

_DIRECTIONS = ", ".join(Direction.values)


class PartySerializer(serializers.Serializer[Any]):
    """A customer or a contact that took part."""

    id = serializers.UUIDField()
    external_id = serializers.CharField()
    name = serializers.CharField()


class EngagementSerializer(serializers.Serializer[Any]):
    """A conversation: who with whom, in which direction, on which channel, about what."""

    id = serializers.UUIDField(read_only=True)
    external_id = serializers.CharField(read_only=True)
    customers = serializers.SerializerMethodField()
    contacts = serializers.SerializerMethodField()
    direction = serializers.ChoiceField(choices=Direction.choices, read_only=True)
    channel = serializers.ChoiceField(choices=Channel.choices, read_only=True)
    occurred_at = Instant(read_only=True)
    subject = serializers.CharField(read_only=True)
    body = serializers.CharField(read_only=True)
    sentiment = serializers.ChoiceField(choices=Sentiment.choices, read_only=True)
    by_email = serializers.CharField(source="by_label", read_only=True, help_text="Who of us took part.")
    by_id = serializers.UUIDField(read_only=True, allow_null=True, help_text="The member, where it is one.")
    third_party = serializers.CharField(read_only=True)
    outcome_id = serializers.UUIDField(read_only=True, allow_null=True)
    outcome_external_id = serializers.CharField(
        source="outcome.external_id", read_only=True, allow_null=True, default=None
    )
    known_at = Instant(read_only=True)
    recorded_at = Instant(read_only=True)
    updated_at = Instant(read_only=True)
    version = serializers.IntegerField(read_only=True)

    @extend_schema_field(PartySerializer(many=True))
    def get_customers(self, row: Engagement) -> list[dict[str, str]]:
        return [_party(link.customer) for link in row.customers.all()]

    @extend_schema_field(PartySerializer(many=True))
    def get_contacts(self, row: Engagement) -> list[dict[str, str]]:
        return [_party(link.contact) for link in row.contacts.all()]


def _party(record: Any) -> dict[str, str]:
    return {"id": str(record.pk), "external_id": record.external_id, "name": record.name}


class EngagementWriteSerializer(serializers.Serializer[Any]):
    """The fields of an engagement that can be written. What is left out keeps its value; lists are told whole."""

    external_id = serializers.CharField(max_length=200, required=False)
    customer_external_id = serializers.ListField(
        child=serializers.CharField(max_length=200), required=False, max_length=engagements.MAX_CUSTOMERS
    )
    contact_external_id = serializers.ListField(
        child=serializers.CharField(max_length=200), required=False, max_length=engagements.MAX_CONTACTS
    )
    direction = serializers.CharField(max_length=60, required=False, help_text=f"One of {_DIRECTIONS}.")
    channel = serializers.CharField(max_length=60, required=False, help_text=f"One of {', '.join(Channel.values)}.")
    occurred_at = serializers.DateTimeField(required=False)
    subject = serializers.CharField(max_length=300, required=False, allow_blank=True)
    body = serializers.CharField(max_length=engagements.MAX_BODY, required=False, allow_blank=True)
    sentiment = serializers.CharField(
        max_length=60, required=False, allow_blank=True, help_text="positive, neutral, negative or empty."
    )
    by_email = serializers.CharField(max_length=254, required=False, allow_blank=True)
    third_party = serializers.CharField(max_length=200, required=False, allow_blank=True)
    outcome_external_id = serializers.CharField(max_length=200, required=False, allow_blank=True)


class EngagementFilters(django_filters.FilterSet):
    external_id = django_filters.CharFilter()
    customer = django_filters.UUIDFilter(method="of_customer", help_text="Id of a customer that took part.")
    customer_external_id = django_filters.CharFilter(method="of_customer_called")
    contact = django_filters.UUIDFilter(method="of_contact", help_text="Id of a contact that took part.")
    direction = django_filters.ChoiceFilter(choices=Direction.choices)
    channel = django_filters.ChoiceFilter(choices=Channel.choices)
    sentiment = django_filters.ChoiceFilter(choices=[each for each in Sentiment.choices if each[0]])
    outcome = django_filters.UUIDFilter(field_name="outcome_id", help_text="Id of the outcome served.")
    occurred_at_from = django_filters.IsoDateTimeFilter(field_name="occurred_at", lookup_expr="gte")
    occurred_at_to = django_filters.IsoDateTimeFilter(field_name="occurred_at", lookup_expr="lte")
    updated_at_from = django_filters.IsoDateTimeFilter(field_name="updated_at", lookup_expr="gte")
    updated_at_to = django_filters.IsoDateTimeFilter(field_name="updated_at", lookup_expr="lte")

    def of_customer(self, rows: QuerySet[Any], name: str, value: Any) -> QuerySet[Any]:
        return _with(rows, EngagementCustomer.objects.filter(customer_id=value))

    def of_customer_called(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return _with(rows, EngagementCustomer.objects.filter(customer__external_id=value))

    def of_contact(self, rows: QuerySet[Any], name: str, value: Any) -> QuerySet[Any]:
        return _with(rows, EngagementContact.objects.filter(contact_id=value))


def _with(rows: QuerySet[Any], links: QuerySet[Any]) -> QuerySet[Any]:
    return rows.filter(Exists(links.filter(engagement_id=OuterRef("pk"))))


@extend_schema_view(
    create=extend_schema(
        summary="Log an engagement",
        description="`external_id` is required and must not be taken; `customer_external_id` names one or several.",
        request=EngagementWriteSerializer,
        responses={201: EngagementSerializer},
    ),
    update=extend_schema(
        summary="Log or change an engagement",
        description="At `ext:` and an external id: made when it is new, else changed.",
        request=EngagementWriteSerializer,
        responses={200: EngagementSerializer, 201: EngagementSerializer},
    ),
    partial_update=extend_schema(
        summary="Change an engagement",
        description="The fields told are changed, the others keep their value.",
        request=EngagementWriteSerializer,
        responses=EngagementSerializer,
    ),
    destroy=extend_schema(
        summary="Delete an engagement", description="With who took part.", request=None, responses={204: None}
    ),
    list=extend_schema(summary="List engagements", description="Conversations with customers, a page at a time."),
    retrieve=extend_schema(summary="Read an engagement", description="By its id, or by `ext:` and its external id."),
)
class EngagementViewSet(WritableViewSet):
    model = Engagement
    resource = "engagements"
    serializer_class = EngagementSerializer
    write_serializer_class = EngagementWriteSerializer
    filterset_class = EngagementFilters
    joins = ("outcome",)
    orders: ClassVar[dict[str, Order]] = {**BY_ID, "occurred_at": Order("occurred_at")}

    @property
    def prefetches(self) -> Any:  # type: ignore[override]  # made for each request: queries need its scope
        return selectors.prefetches()

    def make(self, external_id: str, told: Told) -> Engagement:
        return engagements.create(external_id=external_id, told=told.values, actor=self.caller.actor, now=self.now)

    def change(self, row: Engagement, told: Told) -> Engagement:
        return engagements.update(engagement_id=row.pk, told=told.values, actor=self.caller.actor, now=self.now)

    def remove(self, row: Engagement, expected_version: int | None) -> None:
        engagements.remove(
            engagement_id=row.pk, actor=self.caller.actor, now=self.now, expected_version=expected_version
        )
