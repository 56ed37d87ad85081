"""``/api/v1/engagements/``"""

from __future__ import annotations

from typing import Any, ClassVar

import django_filters
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.access import WRITE, Need
from accounts.api.base import WorkspaceViewSet
from accounts.api.writing import Told, WritableViewSet
from accounts.models import Customer
from csplatform.core.rest.fields import Instant
from csplatform.core.rest.paging import BY_ID, Order
from csplatform.core.rest.problems import invalid
from journeys.engagement.files import MAX_BYTES
from journeys.models import Channel, Direction, Engagement, EngagementContact, EngagementCustomer, Sentiment
from journeys.selectors import engagements as selectors
from journeys.services import engagement_files, engagements

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


class FileStartSerializer(serializers.Serializer[Any]):
    """An e-mail (`.eml`) or a calendar file (`.ics`)."""

    file = serializers.FileField(allow_empty_file=True, help_text="At most 5 MB.")
    customer_external_id = serializers.CharField(
        max_length=200, required=False, help_text="Takes part in any case, whoever the addresses belong to."
    )


class TakenSerializer(serializers.Serializer[Any]):
    """What became of one conversation in the file."""

    engagement = EngagementSerializer(allow_null=True, help_text="Null where nothing was logged.")
    is_new = serializers.BooleanField(help_text="False where it had been logged before.")
    strangers = serializers.ListField(child=serializers.CharField(), help_text="Addresses that belong to nobody known.")
    reason = serializers.CharField(help_text="Why it was not logged; empty where it was.")


class EngagementFileViewSet(WorkspaceViewSet):
    """Conversations from files."""

    serializer_class = TakenSerializer
    parser_classes = [MultiPartParser]
    pagination_class = None
    filter_backends = []
    needs: ClassVar[dict[str, Need]] = {"take": WRITE}

    @extend_schema(
        summary="Log the conversations of a file",
        description="Customers are found by the contacts' addresses and their domains. The same file again logs "
        "nothing anew. A calendar file may hold several meetings.",
        request={"multipart/form-data": FileStartSerializer},
        responses={200: TakenSerializer(many=True)},
    )
    def take(self, request: Request) -> Response:
        form = FileStartSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        wanted = form.validated_data.get("customer_external_id")
        customer = Customer.objects.filter(external_id=wanted).first() if wanted else None
        if wanted and customer is None:
            raise invalid([("customer_external_id", _("There is no such customer."))])
        upload = form.validated_data["file"]
        taken = engagement_files.take_in(
            files=[(upload.name or "", upload.read(MAX_BYTES + 1))],
            actor=self.caller.actor,
            now=self.now,
            customer=customer,
        )
        known = selectors.with_people([each.engagement.pk for each in taken if each.engagement])
        shown = {row.pk: row for row in known}
        rows = [
            {
                "engagement": shown[each.engagement.pk] if each.engagement else None,
                "is_new": each.is_new,
                "strangers": each.strangers,
                "reason": each.reason,
            }
            for each in taken
        ]
        return Response(TakenSerializer(rows, many=True, context=self.get_serializer_context()).data)
