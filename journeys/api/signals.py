"""``/api/v1/signals/`` and ``…/answer/``"""

from __future__ import annotations

from typing import Any, ClassVar

import django_filters
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.access import WRITE, Need
from accounts.api.writing import Told, WritableViewSet, answered, refuse_unknown
from accounts.models import Customer
from csplatform.core.rest import conditional
from csplatform.core.rest.fields import Instant
from csplatform.core.rest.paging import BY_ID, Order
from csplatform.core.rest.problems import invalid
from journeys.models import Engagement, Signal, SignalKind, SignalState
from journeys.services import signals


class SignalSerializer(serializers.Serializer[Any]):
    """Something that is changing at a customer, and what was done about it."""

    id = serializers.UUIDField(read_only=True)
    external_id = serializers.CharField(read_only=True)
    customer_id = serializers.UUIDField(read_only=True)
    customer_external_id = serializers.CharField(source="customer.external_id", read_only=True)
    kind = serializers.ChoiceField(choices=SignalKind.choices, read_only=True)
    summary = serializers.CharField(read_only=True)
    note = serializers.CharField(read_only=True)
    state = serializers.ChoiceField(choices=SignalState.choices, read_only=True)
    occurred_at = Instant(read_only=True)
    known_at = Instant(read_only=True)
    recorded_at = Instant(read_only=True)
    source = serializers.CharField(read_only=True, help_text="Who told: manual, api, or rule.")  # type: ignore[assignment]  # fields have an attribute of this name
    answered_at = Instant(read_only=True, allow_null=True)
    answered_by = serializers.CharField(source="answered_by_label", read_only=True)
    answer = serializers.CharField(read_only=True)
    engagement_id = serializers.UUIDField(read_only=True, allow_null=True)
    version = serializers.IntegerField(read_only=True)


class SignalWriteSerializer(serializers.Serializer[Any]):
    """What can be told of a signal. The customer is told once and stays."""

    external_id = serializers.CharField(max_length=200, required=False)
    customer_external_id = serializers.CharField(max_length=200, required=False)
    kind = serializers.CharField(max_length=60, required=False, help_text=f"One of {', '.join(SignalKind.values)}.")
    summary = serializers.CharField(max_length=300, required=False)
    note = serializers.CharField(max_length=signals.MAX_NOTE, required=False, allow_blank=True)
    occurred_at = serializers.DateTimeField(required=False)


class SignalAnswerSerializer(serializers.Serializer[Any]):
    """What was done about it."""

    answer = serializers.CharField(max_length=signals.MAX_ANSWER)
    engagement_external_id = serializers.CharField(max_length=200, required=False)


class SignalFilters(django_filters.FilterSet):
    external_id = django_filters.CharFilter()
    customer = django_filters.UUIDFilter(field_name="customer_id", help_text="Id of the customer.")
    customer_external_id = django_filters.CharFilter(field_name="customer__external_id")
    kind = django_filters.ChoiceFilter(choices=SignalKind.choices)
    state = django_filters.ChoiceFilter(choices=SignalState.choices)
    known_at_from = django_filters.IsoDateTimeFilter(field_name="known_at", lookup_expr="gte")
    known_at_to = django_filters.IsoDateTimeFilter(field_name="known_at", lookup_expr="lte")


@extend_schema_view(
    create=extend_schema(
        summary="Record a signal",
        description="`external_id`, `customer_external_id`, `kind` and `summary` are required.",
        request=SignalWriteSerializer,
        responses={201: SignalSerializer},
    ),
    update=extend_schema(
        summary="Record or change a signal",
        description="At `ext:` and an external id: made when it is new, else changed.",
        request=SignalWriteSerializer,
        responses={200: SignalSerializer, 201: SignalSerializer},
    ),
    partial_update=extend_schema(
        summary="Change a signal",
        description="The fields told are changed, the others keep their value.",
        request=SignalWriteSerializer,
        responses=SignalSerializer,
    ),
    destroy=extend_schema(summary="Delete a signal", description="For good.", request=None, responses={204: None}),
    list=extend_schema(summary="List signals", description="Signals of change, a page at a time."),
    retrieve=extend_schema(summary="Read a signal", description="By its id, or by `ext:` and its external id."),
)
class SignalViewSet(WritableViewSet):
    model = Signal
    resource = "signals"
    serializer_class = SignalSerializer
    write_serializer_class = SignalWriteSerializer
    filterset_class = SignalFilters
    joins = ("customer",)
    needs: ClassVar[dict[str, Need]] = {**WritableViewSet.needs, "answer": WRITE}
    orders: ClassVar[dict[str, Order]] = {**BY_ID, "known_at": Order("known_at")}

    def make(self, external_id: str, told: Told) -> Signal:
        said = dict(told.values)
        wanted = said.pop("customer_external_id", None)
        customer = Customer.objects.filter(external_id=wanted).first() if wanted else None
        if customer is None:
            raise invalid([("customer_external_id", _("Name a customer that is there."))])
        return signals.record(
            customer=customer,
            told=said,
            external_id=external_id,
            source="api",
            actor=self.caller.actor,
            now=self.now,
        )

    def change(self, row: Signal, told: Told) -> Signal:
        said = dict(told.values)
        wanted = said.pop("customer_external_id", None)
        if wanted is not None and not Customer.objects.filter(pk=row.customer_id, external_id=wanted).exists():
            raise invalid([("customer_external_id", _("The customer of a signal cannot be changed."))])
        return signals.change(signal_id=row.pk, told=said, actor=self.caller.actor, now=self.now)

    def remove(self, row: Signal, expected_version: int | None) -> None:
        signals.remove(signal_id=row.pk, actor=self.caller.actor, now=self.now, expected_version=expected_version)

    @extend_schema(
        summary="Answer a signal",
        description="The time to response ends with the first answer.",
        request=SignalAnswerSerializer,
        responses=SignalSerializer,
    )
    def answer(self, request: Request, id: str) -> Response:
        row = self.find(id)
        form = SignalAnswerSerializer(data=request.data)
        refuse_unknown(request.data, set(form.fields))
        form.is_valid(raise_exception=True)
        conditional.require_version(request, row.version)
        wanted = form.validated_data.get("engagement_external_id")
        engagement = Engagement.objects.filter(external_id=wanted).first() if wanted else None
        if wanted and engagement is None:
            raise invalid([("engagement_external_id", _("There is no such engagement."))])
        with answered():
            changed = signals.answer(
                signal_id=row.pk,
                answer=form.validated_data["answer"],
                engagement=engagement,
                by=self.caller.membership,
                actor=self.caller.actor,
                now=self.now,
            )
        return self.shown(self.one(self.get_queryset(), pk=changed.pk))
