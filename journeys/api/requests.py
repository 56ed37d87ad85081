"""``/api/v1/requests/``, and who is behind one"""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

import django_filters
from django.core.exceptions import ValidationError
from django.db.models import Exists, F, OuterRef, QuerySet
from django.http import Http404
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request as HttpRequest
from rest_framework.response import Response

from accounts.api.access import WRITE, Need
from accounts.api.base import RecordViewSet
from accounts.api.writing import Told, WritableViewSet, answered, refuse_unknown
from csplatform.core.rest.fields import Instant, Money
from csplatform.core.rest.filters import TrueOrFalse
from csplatform.core.rest.paging import BY_ID, Order
from csplatform.core.rest.problems import invalid
from journeys.models import Request, RequestCustomer, RequestKind, RequestStatus
from journeys.selectors import requests as selectors
from journeys.services import request_merging, requests


class RequestSerializer(serializers.Serializer[Any]):
    """A wish or a pain point. What is behind it is computed: everybody who asked for it or for one merged into it."""

    id = serializers.UUIDField(read_only=True)
    external_id = serializers.CharField(read_only=True)
    kind = serializers.ChoiceField(choices=RequestKind.choices, read_only=True)
    title = serializers.CharField(read_only=True)
    words = serializers.CharField(read_only=True)
    customer_external_id = serializers.CharField(
        read_only=True, allow_null=True, help_text="Who asked first; `requests/{id}/customers/` lists all."
    )
    raised_at = Instant(read_only=True)
    status = serializers.ChoiceField(choices=RequestStatus.choices, read_only=True)
    answer = serializers.CharField(read_only=True)
    answered_at = Instant(read_only=True, allow_null=True)
    answered_by = serializers.CharField(read_only=True)
    shipped_at = Instant(read_only=True, allow_null=True)
    customers = serializers.IntegerField(read_only=True, help_text="How many are behind it.")
    arr = Money("arr_minor", help_text="ARR of those under contract behind it.")
    expected_arr = Money("expected_arr_minor", help_text="Expected ARR of those before the contract.")
    merged_into_id = serializers.UUIDField(read_only=True, allow_null=True)
    known_at = Instant(read_only=True)
    updated_at = Instant(read_only=True)
    version = serializers.IntegerField(read_only=True)


class RequestWriteSerializer(serializers.Serializer[Any]):
    """The fields of a request that can be written. Customers are only ever added."""

    external_id = serializers.CharField(max_length=200, required=False)
    kind = serializers.ChoiceField(choices=RequestKind.choices, required=False)
    title = serializers.CharField(max_length=300, required=False)
    words = serializers.CharField(max_length=requests.MOST_WORDS, required=False, allow_blank=True)
    customer_external_id = serializers.CharField(
        max_length=10_000, required=False, allow_blank=True, help_text="Who asked; several parted by `|`."
    )
    contact_external_id = serializers.CharField(max_length=200, required=False, allow_blank=True)
    raised_at = serializers.DateTimeField(required=False)
    raised_by = serializers.CharField(max_length=200, required=False, allow_blank=True)
    status = serializers.ChoiceField(choices=RequestStatus.choices, required=False)
    answer = serializers.CharField(max_length=requests.MOST_WORDS, required=False, allow_blank=True)
    answered_by = serializers.CharField(max_length=200, required=False, allow_blank=True)
    shipped_at = serializers.DateTimeField(required=False, allow_null=True)


class MergeSerializer(serializers.Serializer[Any]):
    into = serializers.CharField(max_length=210, help_text="Id of the other request, or `ext:` and its external id.")


class RequestFilters(django_filters.FilterSet):
    external_id = django_filters.CharFilter()
    kind = django_filters.ChoiceFilter(choices=RequestKind.choices)
    status = django_filters.ChoiceFilter(choices=RequestStatus.choices)
    customer = django_filters.UUIDFilter(method="asked_by", help_text="Id of a customer behind it.")
    customer_external_id = django_filters.CharFilter(method="asked_by")
    is_merged = TrueOrFalse(field_name="merged_into", lookup_expr="isnull", exclude=True, help_text="true or false.")
    raised_at_from = django_filters.IsoDateTimeFilter(field_name="raised_at", lookup_expr="gte")
    raised_at_to = django_filters.IsoDateTimeFilter(field_name="raised_at", lookup_expr="lte")

    def asked_by(self, queryset: QuerySet[Request], name: str, value: Any) -> QuerySet[Request]:
        field = "customer_id" if name == "customer" else "customer__external_id"
        return queryset.filter(Exists(RequestCustomer.objects.filter(counts_for=OuterRef("pk"), **{field: value})))


@extend_schema_view(
    create=extend_schema(
        summary="Create a request",
        description="`external_id` and `title` are required. Shipping one has those who asked told.",
        request=RequestWriteSerializer,
        responses={201: RequestSerializer},
    ),
    update=extend_schema(
        summary="Create or change a request",
        description="At `ext:` and an external id: made when it is new, else changed.",
        request=RequestWriteSerializer,
        responses={200: RequestSerializer, 201: RequestSerializer},
    ),
    partial_update=extend_schema(
        summary="Change or answer a request",
        description="The fields told are changed. `status` with `answer` is product's answer; declining asks for one.",
        request=RequestWriteSerializer,
        responses=RequestSerializer,
    ),
    destroy=extend_schema(
        summary="Delete a request",
        description="With who asked for it; those merged into it stand on their own again.",
        request=None,
        responses={204: None},
    ),
    list=extend_schema(summary="List requests", description="Wishes and pain points, a page at a time."),
    retrieve=extend_schema(summary="Read a request", description="By its id, or by `ext:` and its external id."),
)
class RequestViewSet(WritableViewSet):
    model = Request
    resource = "requests"
    serializer_class = RequestSerializer
    write_serializer_class = RequestWriteSerializer
    filterset_class = RequestFilters
    orders: ClassVar[dict[str, Order]] = {**BY_ID, "raised_at": Order("raised_at")}
    needs: ClassVar[dict[str, Need]] = {**WritableViewSet.needs, "merge": WRITE, "split": WRITE}

    def get_queryset(self) -> QuerySet[Any]:
        return selectors.weighed(super().get_queryset())

    def make(self, external_id: str, told: Told) -> Request:
        return requests.create(external_id=external_id, told=told.values, actor=self.caller.actor, now=self.now)

    def change(self, row: Request, told: Told) -> Request:
        return requests.update(request_id=row.pk, told=told.values, actor=self.caller.actor, now=self.now)

    def remove(self, row: Request, expected_version: int | None) -> None:
        requests.delete(request_id=row.pk, actor=self.caller.actor, now=self.now, expected_version=expected_version)

    @extend_schema(
        summary="Merge a request",
        description="It is the same as `into`: who asked for the one counts for the other. `split` takes it back.",
        request=MergeSerializer,
        responses=RequestSerializer,
    )
    def merge(self, request: HttpRequest, id: str) -> Response:
        row = self.find(id)
        serializer = MergeSerializer(data=request.data)
        refuse_unknown(request.data, set(serializer.fields))
        serializer.is_valid(raise_exception=True)
        into = selectors.by_reference(serializer.validated_data["into"])
        if into is None:
            raise invalid([("into", "There is no such request.")])
        with answered():
            request_merging.merge(request_id=row.pk, into_id=into, actor=self.caller.actor, now=self.now)
        return self.shown(self.find(id))

    @extend_schema(
        summary="Take a merge back",
        description="It stands on its own again, with everybody who asked for it.",
        request=None,
        responses=RequestSerializer,
    )
    def split(self, request: HttpRequest, id: str) -> Response:
        row = self.find(id)
        try:
            request_merging.split(request_id=row.pk, actor=self.caller.actor, now=self.now)
        except ValidationError as error:
            raise invalid([("", " ".join(error.messages))]) from error
        return self.shown(self.find(id))


class RequestCustomerSerializer(serializers.Serializer[Any]):
    """A customer that asked. `request_id` is another one where that was merged into this."""

    id = serializers.UUIDField(read_only=True)
    request_id = serializers.UUIDField(read_only=True)
    customer_id = serializers.UUIDField(read_only=True)
    customer_external_id = serializers.CharField(source="customer.external_id", read_only=True)
    contact_external_id = serializers.CharField(
        source="contact.external_id", read_only=True, allow_null=True, default=None
    )
    raised_at = Instant(read_only=True)
    raised_by = serializers.CharField(read_only=True)
    arr = Money("arr_minor")
    known_at = Instant(read_only=True)


class RequestCustomerFilters(django_filters.FilterSet):
    customer_external_id = django_filters.CharFilter(field_name="customer__external_id")


@extend_schema_view(list=extend_schema(summary="List who asked", description="The customers behind a request."))
class RequestCustomerViewSet(RecordViewSet):
    model = RequestCustomer
    serializer_class = RequestCustomerSerializer
    filterset_class = RequestCustomerFilters
    joins = ("customer", "contact")
    wanted: UUID

    def get_queryset(self) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset().annotate(arr_minor=F("customer__arr_minor"))
        return rows.filter(counts_for=self.wanted)

    def list(self, request: HttpRequest, id: str) -> Response:  # type: ignore[override]  # of one request
        found = selectors.by_reference(id)
        if found is None:
            raise Http404
        self.wanted = found
        return super().list(request)
