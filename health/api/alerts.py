"""``/api/v1/alerts/``, ``…/acknowledge/``, ``…/mute/`` and ``…/unmute/``"""

from __future__ import annotations

from typing import Any, ClassVar

import django_filters
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.access import CONFIGURE, WRITE, Need
from accounts.api.base import RecordViewSet
from accounts.api.writing import answered, refuse_unknown
from csplatform.core import formats
from csplatform.core.rest import conditional
from csplatform.core.rest.fields import Instant
from csplatform.core.rest.paging import BY_ID, Order
from health.alerts import deeds, words
from health.models import Alert, AlertKind, AlertState


class AlertMuteSerializer(serializers.Serializer[Any]):
    """Why nobody hears of it, and until when."""

    id = serializers.UUIDField(read_only=True)
    reason = serializers.CharField(read_only=True)
    until = serializers.DateField(read_only=True, help_text="The first day on which it is heard again.")
    every_customer = serializers.SerializerMethodField(help_text="Whether the kind is muted for all customers.")

    def get_every_customer(self, mute: Any) -> bool:
        return mute.customer_id is None


class AlertSerializer(serializers.Serializer[Any]):
    """One episode of one kind at one customer."""

    id = serializers.UUIDField(read_only=True)
    customer_id = serializers.UUIDField(read_only=True)
    customer_external_id = serializers.CharField(source="customer.external_id", read_only=True)
    kind = serializers.ChoiceField(choices=AlertKind.choices, read_only=True)
    state = serializers.ChoiceField(choices=AlertState.choices, read_only=True)
    summary = serializers.SerializerMethodField(help_text="What happened, in words.")
    details = serializers.DictField(read_only=True, help_text="The figures of the kind.")
    arr = serializers.SerializerMethodField(help_text="At stake when it began, a decimal in the workspace's currency.")
    currency = serializers.SerializerMethodField()
    began_at = Instant(read_only=True)
    over_at = Instant(read_only=True, allow_null=True)
    acknowledged_at = Instant(read_only=True, allow_null=True)
    acknowledged_by = serializers.CharField(source="acknowledged_by_label", read_only=True)
    mute = AlertMuteSerializer(read_only=True, allow_null=True)
    version = serializers.IntegerField(read_only=True)

    def get_summary(self, alert: Alert) -> str:
        return words.what(alert)

    def get_arr(self, alert: Alert) -> str:
        return str(formats.minor_to_decimal(alert.arr_minor, self.get_currency(alert)))

    def get_currency(self, _alert: Alert) -> str:
        return str(self.context["workspace"].currency)


class AlertMuteWriteSerializer(serializers.Serializer[Any]):
    """Why, and until when."""

    reason = serializers.CharField(max_length=deeds.MAX_REASON)
    until = serializers.DateField()
    every_customer = serializers.BooleanField(default=False, help_text="Mute the kind for all customers.")


class AlertFilters(django_filters.FilterSet):
    customer = django_filters.UUIDFilter(field_name="customer_id", help_text="Id of the customer.")
    customer_external_id = django_filters.CharFilter(field_name="customer__external_id")
    kind = django_filters.ChoiceFilter(choices=AlertKind.choices)
    state = django_filters.ChoiceFilter(choices=AlertState.choices)
    began_at_from = django_filters.IsoDateTimeFilter(field_name="began_at", lookup_expr="gte")
    began_at_to = django_filters.IsoDateTimeFilter(field_name="began_at", lookup_expr="lte")


@extend_schema_view(
    list=extend_schema(summary="List alerts", description="Alerts of every state, a page at a time."),
    retrieve=extend_schema(summary="Read an alert", description="By its id."),
)
class AlertViewSet(RecordViewSet):
    model = Alert
    serializer_class = AlertSerializer
    filterset_class = AlertFilters
    joins = ("customer", "mute")
    needs: ClassVar[dict[str, Need]] = {"acknowledge": WRITE, "mute": WRITE, "unmute": WRITE}
    orders: ClassVar[dict[str, Order]] = {**BY_ID, "began_at": Order("began_at")}

    @extend_schema(
        summary="Take an alert in hand",
        description="One that is in hand, muted or over stays as it is.",
        request=None,
        responses=AlertSerializer,
    )
    def acknowledge(self, request: Request, id: str) -> Response:
        alert = self.find(id)
        refuse_unknown(request.data, set())
        conditional.require_version(request, alert.version)
        with answered():
            deeds.acknowledge(alert_id=alert.pk, actor=self.caller.actor, now=self.now)
        return self.shown(self.one(self.get_queryset(), pk=alert.pk))

    @extend_schema(
        summary="Mute an alert's kind",
        description=(
            "At its customer until a day, with a reason; with `every_customer` at all of them, which asks for the "
            "scope `admin`. Alerts of it that are on become muted; news and playbooks go on."
        ),
        request=AlertMuteWriteSerializer,
        responses=AlertSerializer,
    )
    def mute(self, request: Request, id: str) -> Response:
        alert = self.find(id)
        form = AlertMuteWriteSerializer(data=request.data)
        refuse_unknown(request.data, set(form.fields))
        form.is_valid(raise_exception=True)
        told = form.validated_data
        if told["every_customer"]:
            self.caller.require(CONFIGURE)
        conditional.require_version(request, alert.version)
        with answered():
            deeds.mute(
                kind=AlertKind(alert.kind),
                customer_id=None if told["every_customer"] else alert.customer_id,
                reason=told["reason"],
                until=told["until"],
                actor=self.caller.actor,
                now=self.now,
            )
        return self.shown(self.one(self.get_queryset(), pk=alert.pk))

    @extend_schema(
        summary="Undo the mute of an alert",
        description="The alert, and others of the same mute, are open again. Without a mute nothing changes.",
        request=None,
        responses=AlertSerializer,
    )
    def unmute(self, request: Request, id: str) -> Response:
        alert = self.find(id)
        refuse_unknown(request.data, set())
        if alert.mute is not None:
            if alert.mute.customer_id is None:
                self.caller.require(CONFIGURE)
            with answered():
                deeds.unmute(mute_id=alert.mute_id, actor=self.caller.actor, now=self.now)
        return self.shown(self.one(self.get_queryset(), pk=alert.pk))
