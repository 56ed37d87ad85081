"""``/api/v1/webhooks/``: endpoints, their deliveries, and the events one may listen to."""

from __future__ import annotations

from typing import Any, ClassVar

import django_filters
from django.db.models import QuerySet
from django.urls import reverse
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.access import Need
from accounts.api.base import RecordViewSet
from accounts.api.writing import answered, refuse_unknown
from accounts.models import DeliveryState, DisabledBecause, Failure, WebhookDelivery, WebhookEndpoint
from accounts.roles import Permission
from accounts.webhooks import addresses, catalogue, deliveries, endpoints
from csplatform.core.rest import conditional
from csplatform.core.rest.fields import Instant, shaped

MANAGE = Need("admin", Permission.MANAGE_KEYS)
_OBJECT = {"type": "object", "additionalProperties": True}
_NONE = ("", "")


class WebhookSerializer(serializers.Serializer[Any]):
    """An address that hears of events. `events` holds names, `noun.*`, or `*`."""

    id = serializers.UUIDField(read_only=True)
    url = serializers.CharField(max_length=addresses.LONGEST)
    description = serializers.CharField(max_length=200, required=False, allow_blank=True)
    events = serializers.ListField(
        child=serializers.CharField(max_length=100), min_length=1, max_length=endpoints.MOST_PATTERNS
    )
    is_enabled = serializers.BooleanField(required=False)
    disabled_because = serializers.ChoiceField(choices=[_NONE, *DisabledBecause.choices], read_only=True)
    failing_since = Instant(read_only=True, allow_null=True, help_text="Nothing has arrived since.")
    secret_hint = serializers.CharField(read_only=True, help_text="How the secret begins.")
    retired_until = Instant(
        read_only=True, allow_null=True, help_text="Until then the secret before the last change signs too."
    )
    created_at = Instant(read_only=True)
    updated_at = Instant(read_only=True)
    version = serializers.IntegerField(read_only=True)


class WebhookWithSecretSerializer(WebhookSerializer):
    """A webhook whose secret was made just now. It is shown in this answer only."""

    secret = serializers.CharField(read_only=True)


class AttemptSerializer(serializers.Serializer[Any]):
    at = serializers.DateTimeField(read_only=True)
    ms = serializers.IntegerField(read_only=True, help_text="How long it took, in milliseconds.")
    status = serializers.IntegerField(read_only=True, allow_null=True)
    error = serializers.ChoiceField(choices=[_NONE, *Failure.choices], read_only=True)
    answer = serializers.CharField(read_only=True, help_text="How the answer's body began.")


class DeliverySerializer(serializers.Serializer[Any]):
    """One event for one webhook. `message_id` is the `webhook-id` header, the same at every attempt."""

    id = serializers.UUIDField(read_only=True)
    message_id = serializers.CharField(read_only=True)
    event = serializers.CharField(read_only=True)
    occurred_at = Instant(read_only=True)
    data = shaped(serializers.JSONField, _OBJECT)(read_only=True)  # type: ignore[assignment]  # a field of the interface, not DRF's attribute
    state = serializers.ChoiceField(choices=DeliveryState.choices, read_only=True)
    attempts = serializers.IntegerField(read_only=True, help_text="Since it was made or last replayed.")
    last_status = serializers.IntegerField(read_only=True, allow_null=True)
    last_error = serializers.ChoiceField(choices=[_NONE, *Failure.choices], read_only=True)
    next_attempt_at = Instant(read_only=True, allow_null=True)
    finished_at = Instant(read_only=True, allow_null=True)


class DeliveryWithLogSerializer(DeliverySerializer):
    log = AttemptSerializer(many=True, read_only=True, help_text="The latest attempts, oldest first.")


class SinceSerializer(serializers.Serializer[Any]):
    since = serializers.DateTimeField(help_text="Of what happened since.")


class ReplayedSerializer(serializers.Serializer[Any]):
    replayed = serializers.IntegerField(read_only=True)


class EventFieldSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(read_only=True)
    kind = serializers.CharField(read_only=True, help_text="`id`, `string`, `integer`, `decimal` or `day`.")
    description = serializers.CharField(read_only=True)
    always = serializers.BooleanField(read_only=True, help_text="false: only where it applies.")


class EventTypeSerializer(serializers.Serializer[Any]):
    """An event and what the `data` of its messages holds."""

    name = serializers.CharField(read_only=True)
    description = serializers.CharField(read_only=True)
    fields = EventFieldSerializer(many=True, read_only=True)  # type: ignore[assignment]  # a field of the interface, not DRF's attribute
    example = shaped(serializers.JSONField, _OBJECT)(read_only=True)


class EventListSerializer(serializers.Serializer[Any]):
    results = EventTypeSerializer(many=True, read_only=True)


class WebhookFilters(django_filters.FilterSet):
    url = django_filters.CharFilter(help_text="The whole address.")


class DeliveryFilters(django_filters.FilterSet):
    state = django_filters.ChoiceFilter(choices=DeliveryState.choices)
    event = django_filters.CharFilter(help_text="The whole name.")
    message_id = django_filters.CharFilter()
    since = django_filters.IsoDateTimeFilter(field_name="occurred_at", lookup_expr="gte")


@extend_schema_view(
    list=extend_schema(summary="List webhooks", description="Secrets are never shown again."),
    retrieve=extend_schema(summary="Read a webhook", description="By its id."),
    create=extend_schema(
        summary="Create a webhook",
        description="The answer shows the secret (`whsec_…`) once. Messages follow Standard Webhooks: verify them with "
        "any of its libraries, and act once per `webhook-id`.",
        request=WebhookSerializer,
        responses={201: WebhookWithSecretSerializer},
    ),
    update=extend_schema(
        summary="Change a webhook", description="What is left out keeps its value.", request=WebhookSerializer
    ),
    partial_update=extend_schema(
        summary="Change parts of a webhook",
        description="Switching it off ends what is on its way; it can be replayed later.",
        request=WebhookSerializer,
    ),
    destroy=extend_schema(
        summary="Delete a webhook", description="With the log of its deliveries.", responses={204: None}
    ),
)
class WebhookViewSet(RecordViewSet):
    model = WebhookEndpoint
    serializer_class = WebhookSerializer
    filterset_class = WebhookFilters
    needs: ClassVar[dict[str, Need]] = dict.fromkeys(
        (
            *("list", "retrieve", "create", "update", "partial_update", "destroy"),
            *("rotate_secret", "test", "replay_failed"),
        ),
        MANAGE,
    )

    def create(self, request: Request) -> Response:
        told = self._told(request, partial=False)
        is_enabled = told.pop("is_enabled", True)
        endpoint, secret = endpoints.create(**told, actor=self.caller.actor, now=self.now)
        if not is_enabled:
            endpoint = endpoints.update(
                endpoint_id=endpoint.pk, told={"is_enabled": False}, actor=self.caller.actor, now=self.now
            )
        address = request.build_absolute_uri(reverse("api-webhooks-record", kwargs={"id": str(endpoint.pk)}))
        return self._with_secret(endpoint, secret, 201, {"Location": address})

    def update(self, request: Request, id: str) -> Response:
        return self.partial_update(request, id)

    def partial_update(self, request: Request, id: str) -> Response:
        row: WebhookEndpoint = self.find(id)
        conditional.require_version(request, row.version)
        expected = row.version if "If-Match" in request.headers else None
        told = self._told(request, partial=True)
        with answered():
            changed = endpoints.update(
                endpoint_id=row.pk, told=told, actor=self.caller.actor, now=self.now, expected_version=expected
            )
        return self.shown(changed)

    def destroy(self, request: Request, id: str) -> Response:
        row: WebhookEndpoint = self.find(id)
        conditional.require_version(request, row.version)
        expected = row.version if "If-Match" in request.headers else None
        with answered():
            endpoints.delete(endpoint_id=row.pk, actor=self.caller.actor, now=self.now, expected_version=expected)
        return Response(status=204)

    @extend_schema(
        summary="Make a new secret",
        description="Shown in this answer only. For a day messages carry a signature of the old one too.",
        request=None,
        responses={200: WebhookWithSecretSerializer},
    )
    def rotate_secret(self, request: Request, id: str) -> Response:
        row: WebhookEndpoint = self.find(id)
        with answered():
            endpoint, secret = endpoints.rotate_secret(endpoint_id=row.pk, actor=self.caller.actor, now=self.now)
        return self._with_secret(endpoint, secret, 200, {})

    @extend_schema(
        summary="Send a test event",
        description="`webhook.tested`, whatever the webhook listens to. The answer is its delivery.",
        request=None,
        responses={202: DeliverySerializer},
    )
    def test(self, request: Request, id: str) -> Response:
        row: WebhookEndpoint = self.find(id)
        with answered():
            delivery = deliveries.send_test(endpoint_id=row.pk, actor=self.caller.actor, now=self.now)
        return Response(DeliverySerializer(delivery).data, 202)

    @extend_schema(
        summary="Replay what failed",
        description="All failed deliveries of what happened since a moment are tried again for a day.",
        request=SinceSerializer,
        responses={202: ReplayedSerializer},
    )
    def replay_failed(self, request: Request, id: str) -> Response:
        row: WebhookEndpoint = self.find(id)
        serializer = SinceSerializer(data=request.data)
        refuse_unknown(request.data, {*serializer.fields})
        serializer.is_valid(raise_exception=True)
        since = serializer.validated_data["since"]
        with answered():
            count = deliveries.replay_failed(endpoint_id=row.pk, since=since, actor=self.caller.actor, now=self.now)
        return Response({"replayed": count}, 202)

    def _told(self, request: Request, *, partial: bool) -> dict[str, Any]:
        serializer = WebhookSerializer(data=request.data, partial=partial)
        refuse_unknown(request.data, {*serializer.fields})
        serializer.is_valid(raise_exception=True)
        return dict(serializer.validated_data)

    def _with_secret(self, endpoint: WebhookEndpoint, secret: str, status: int, headers: dict[str, str]) -> Response:
        response = self.shown(endpoint, status, headers)
        response.data = {**response.data, "secret": secret}
        response["Cache-Control"] = "no-store"
        return response


@extend_schema_view(
    list=extend_schema(summary="List deliveries", description="What was sent to a webhook, the newest first."),
    retrieve=extend_schema(
        summary="Read a delivery",
        description="With its latest attempts.",
        responses={200: DeliveryWithLogSerializer},
    ),
)
class WebhookDeliveryViewSet(RecordViewSet):
    model = WebhookDelivery
    serializer_class = DeliverySerializer
    filterset_class = DeliveryFilters
    default_ordering = "-id"
    needs: ClassVar[dict[str, Need]] = {"list": MANAGE, "retrieve": MANAGE, "replay": MANAGE}

    def get_queryset(self) -> QuerySet[Any]:
        endpoint = self.find(self.kwargs["id"], WebhookEndpoint.objects.all())
        return super().get_queryset().filter(endpoint=endpoint)

    def list(self, request: Request, id: str) -> Response:  # type: ignore[override]  # the address names the parent, too
        return super().list(request)

    def retrieve(self, request: Request, id: str, delivery: str) -> Response:  # type: ignore[override]  # the address names the parent, too
        return Response(DeliveryWithLogSerializer(self.find(delivery)).data)

    @extend_schema(
        summary="Replay a delivery",
        description="Tried again for a day, under the same `webhook-id`.",
        request=None,
        responses={202: DeliverySerializer},
    )
    def replay(self, request: Request, id: str, delivery: str) -> Response:
        row: WebhookDelivery = self.find(delivery)
        with answered():
            again = deliveries.replay(delivery_id=row.pk, actor=self.caller.actor, now=self.now)
        return self.shown(again, 202)


class WebhookEventViewSet(RecordViewSet):
    model = WebhookEndpoint
    serializer_class = EventListSerializer
    filterset_class = None
    filter_backends = []
    pagination_class = None
    needs: ClassVar[dict[str, Need]] = {"events": MANAGE}

    @extend_schema(
        summary="List events",
        description="All events there are, with the fields of their data.",
        responses={200: EventListSerializer},
    )
    def events(self, request: Request) -> Response:
        return Response(EventListSerializer({"results": catalogue.all_events()}).data)
