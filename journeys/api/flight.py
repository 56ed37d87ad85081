"""``/api/v1/customers/{id}/flight/``, ``…/move/`` and ``…/ground/``; ``/api/v1/laps/``"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import django_filters
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.access import WRITE, Need
from accounts.api.base import PlainJSONRenderer, RecordViewSet
from accounts.api.writing import refuse_unknown
from accounts.models import Customer
from csplatform.core.rest import conditional
from csplatform.core.rest.fields import Instant, Money, money
from csplatform.core.rest.filters import TrueOrFalse
from csplatform.core.rest.paging import BY_ID, Order
from csplatform.core.rest.problems import Problem
from journeys.api.acting import acting
from journeys.api.problems import MissingProblem
from journeys.api.relays import RelaySerializer, RelayViewSet
from journeys.models import Force, Lap, LapKind, Macro, MoveKind, Relay
from journeys.selectors import flights, journey
from journeys.selectors.flights import FlightRead
from journeys.services import grounding, moving
from journeys.services.moving import ConflictError, Missing, MissingError, Opened

_LAP_JOINS = ("customer", "subscription")


class MoveSerializer(serializers.Serializer[Any]):
    """A stage entered, or the journey left (``stage`` null). Never changed later, but for the force of a churn."""

    id = serializers.UUIDField(read_only=True)
    external_id = serializers.CharField(read_only=True, allow_null=True)
    number = serializers.IntegerField(read_only=True)
    kind = serializers.ChoiceField(choices=MoveKind.choices, read_only=True)
    stage = serializers.CharField(source="stage.key", read_only=True, allow_null=True, default=None)
    from_stage = serializers.CharField(source="from_stage.key", read_only=True, allow_null=True, default=None)
    lap = serializers.IntegerField(source="lap.number", read_only=True, allow_null=True, default=None)
    occurred_on = serializers.DateField(read_only=True)
    known_at = Instant(read_only=True)
    recorded_at = Instant(read_only=True)
    reason = serializers.CharField(read_only=True)
    override = serializers.BooleanField(read_only=True)
    passed_over = serializers.ListField(
        child=serializers.CharField(), read_only=True, help_text="What an override went past, by key."
    )
    relay_id = serializers.SerializerMethodField(help_text="The handover whose acceptance this was.")
    force = serializers.ChoiceField(
        choices=[("", "Not named"), *Force.choices], read_only=True, help_text="Of a churn: what grounded it."
    )
    force_note = serializers.CharField(read_only=True)
    actor = serializers.CharField(source="actor_label", read_only=True)

    @extend_schema_field({"type": ["string", "null"], "format": "uuid"})
    def get_relay_id(self, row: Any) -> str | None:
        relay = getattr(row, "relay", None)
        return str(relay.pk) if relay is not None else None


class LapSerializer(serializers.Serializer[Any]):
    """One throw of the boomerang, from ``began_on`` until the next one, or until the customer churned."""

    id = serializers.UUIDField(read_only=True)
    customer_id = serializers.UUIDField(read_only=True)
    customer_external_id = serializers.CharField(source="customer.external_id", read_only=True)
    number = serializers.IntegerField(read_only=True)
    kind = serializers.ChoiceField(choices=LapKind.choices, read_only=True)
    began_on = serializers.DateField(read_only=True)
    ended_on = serializers.DateField(read_only=True, allow_null=True)
    sold_on = serializers.DateField(read_only=True, allow_null=True, help_text="Null while it waits for its sale.")
    subscription_id = serializers.UUIDField(read_only=True, allow_null=True)
    subscription_external_id = serializers.CharField(
        source="subscription.external_id", read_only=True, allow_null=True, default=None
    )
    gained_arr = Money("gained_arr_minor", help_text="Yearly revenue it added; what was lost meanwhile taken off.")
    currency = serializers.SerializerMethodField()

    def get_currency(self, row: Any) -> str:
        currency: str = self.context["workspace"].currency
        return currency


class FlownLapSerializer(LapSerializer):
    """A lap with the revenue it brought to date, and life-time value up to and with it."""

    earned = serializers.CharField(read_only=True)
    lifetime = serializers.CharField(read_only=True)


class FlightSerializer(serializers.Serializer[Any]):
    """Where a customer is, and how it came there: laps and moves, oldest first."""

    customer_id = serializers.UUIDField()
    customer_external_id = serializers.CharField()
    stage = serializers.CharField(allow_null=True, help_text="Key of its stage; null when it left the journey.")
    stage_name = serializers.CharField(allow_null=True)
    macro = serializers.ChoiceField(choices=Macro.choices, allow_null=True)
    since = serializers.DateField(allow_null=True)
    lap = serializers.IntegerField(allow_null=True, help_text="Number of the lap it is on; null after a churn.")
    lifetime = serializers.CharField(help_text="Life-time value to date.")
    currency = serializers.CharField()
    laps = FlownLapSerializer(many=True)
    moves = MoveSerializer(many=True)


class MoveWriteSerializer(serializers.Serializer[Any]):
    """A move to a stage, with its reason."""

    stage = serializers.CharField(max_length=60, help_text="Key of the stage to enter.")
    reason = serializers.CharField(max_length=moving.MAX_REASON)
    override = serializers.BooleanField(
        required=False, default=False, help_text="Go past what is missing, in the caller's name."
    )
    throw = serializers.BooleanField(
        required=False,
        allow_null=True,
        default=None,
        help_text="Whether a new lap begins with it, or is entered; as the stages suggest when left out.",
    )
    occurred_on = serializers.DateField(required=False, allow_null=True, default=None, help_text="Today if left out.")
    external_id = serializers.CharField(max_length=200, required=False, allow_null=True, default=None)
    by = serializers.CharField(
        max_length=254,
        required=False,
        allow_null=True,
        default=None,
        help_text="The member acted for (id or e-mail), who gives the handover this opens; a key needs `admin` for it.",
    )


class GroundWriteSerializer(serializers.Serializer[Any]):
    """What grounded a customer that churned."""

    force = serializers.ChoiceField(choices=Force.choices)
    note = serializers.CharField(max_length=grounding.MAX_NOTE, required=False, allow_blank=True, default="")


class MissingSerializer(serializers.Serializer[Any]):
    criterion = serializers.CharField()
    message = serializers.CharField()


class MissingProblemSerializer(serializers.Serializer[Any]):
    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    missing = MissingSerializer(many=True)


class CustomerFlightViewSet(RecordViewSet):
    """A customer's way through the stages."""

    model = Customer
    serializer_class = FlightSerializer
    has_external_id = True
    filter_backends = []
    pagination_class = None
    needs: ClassVar[Mapping[str, Need]] = {"move": WRITE, "ground": WRITE}

    @extend_schema(
        summary="Read a customer's flight",
        description="Where it is, its laps and its moves, oldest first. `ETag` is what `move/` takes as `If-Match`.",
        responses=FlightSerializer,
    )
    def flight(self, request: Request, id: str) -> Response:
        response = self._shown(self.find(id))
        if conditional.is_unchanged(request, response["ETag"]):
            return Response(status=304, headers={"ETag": response["ETag"]})
        return response

    @extend_schema(
        summary="Move a customer to a stage",
        description="`200`: it stands there now. `202`: the handover this takes was opened, and is the answer. `409`: "
        "what is missing, or who moved it meanwhile; with `If-Match`, `412` then.",
        request=MoveWriteSerializer,
        responses={
            200: FlightSerializer,
            202: RelaySerializer,
            (409, "application/problem+json"): MissingProblemSerializer,
        },
    )
    def move(self, request: Request, id: str) -> Response:
        customer = self.find(id)
        told = self._told(request, MoveWriteSerializer)
        by, actor = acting(self.caller, told["by"] or None)
        last = journey.last_move(customer.pk)
        conditional.require_version(request, last.number if last else 0)
        try:
            answer = moving.move(
                customer_id=customer.pk,
                stage_key=told["stage"],
                reason=told["reason"],
                override=told["override"],
                throw=told["throw"],
                occurred_on=told["occurred_on"],
                external_id=told["external_id"] or None,
                expected_move=last.pk if last else None,
                by=by,
                actor=actor,
                now=self.now,
            )
        except MissingError as error:
            raise MissingProblem(str(error), error.missing, "missing") from error
        except ConflictError as error:
            if "If-Match" in request.headers:
                raise Problem(412, str(error), kind="stale-version") from error
            missing = (Missing("position", str(error)),)
            raise MissingProblem(str(error), missing, "moved-meanwhile") from error
        if isinstance(answer, Opened):
            return self._opened(answer)
        return self._shown(self.find(str(customer.pk)))

    @extend_schema(
        summary="Name what grounded a customer",
        description="The force of its latest churn. A churn itself follows from the subscriptions and cannot be said.",
        request=GroundWriteSerializer,
        responses=FlightSerializer,
    )
    def ground(self, request: Request, id: str) -> Response:
        customer = self.find(id)
        told = self._told(request, GroundWriteSerializer)
        grounding.ground(
            customer_id=customer.pk,
            force=told["force"],
            note=told["note"],
            by=self.caller.membership,
            actor=self.caller.actor,
            now=self.now,
        )
        return self._shown(customer)

    def _opened(self, opened: Opened) -> Response:
        relay = Relay.objects.select_related(*RelayViewSet.joins).prefetch_related("items").get(pk=opened.relay.pk)
        content = RelaySerializer(relay, context=self.get_serializer_context()).data
        tag = conditional.etag(relay.version, PlainJSONRenderer().render(content))
        return Response(content, 202, headers={"ETag": tag})

    def _told(self, request: Request, kind: type[serializers.Serializer[Any]]) -> dict[str, Any]:
        serializer = kind(data=request.data, context=self.get_serializer_context())
        refuse_unknown(request.data, set(serializer.fields))
        serializer.is_valid(raise_exception=True)
        return dict(serializer.validated_data)

    def _shown(self, customer: Customer) -> Response:
        flight = flights.flight_of(customer, self.now.date())
        content = self._as_json(flight)
        tag = conditional.etag(flight.last.number if flight.last else 0, PlainJSONRenderer().render(content))
        return Response(content, headers={"ETag": tag})

    def _as_json(self, flight: FlightRead) -> dict[str, Any]:
        context = self.get_serializer_context()
        currency = self.caller.workspace.currency
        last, stage = flight.last, flight.last.stage if flight.last else None
        return {
            "customer_id": str(flight.customer.pk),
            "customer_external_id": flight.customer.external_id,
            "stage": stage.key if stage else None,
            "stage_name": stage.label if stage else None,
            "macro": stage.macro if stage else None,
            "since": last.occurred_on.isoformat() if last else None,
            "lap": flight.open_lap.number if flight.open_lap else None,
            "lifetime": money(flight.lifetime_minor, currency),
            "currency": currency,
            "laps": [
                {
                    **LapSerializer(read.lap, context=context).data,
                    "earned": money(read.earned_minor, currency),
                    "lifetime": money(read.lifetime_minor, currency),
                }
                for read in flight.laps
            ],
            "moves": MoveSerializer(flight.moves, many=True, context=context).data,
        }


class LapFilters(django_filters.FilterSet):
    external_id = django_filters.CharFilter()
    customer = django_filters.UUIDFilter(field_name="customer_id", help_text="Id of the customer.")
    customer_external_id = django_filters.CharFilter(field_name="customer__external_id")
    kind = django_filters.ChoiceFilter(choices=LapKind.choices)
    is_open = TrueOrFalse(field_name="ended_on", lookup_expr="isnull", help_text="true or false.")
    began_on_from = django_filters.DateFilter(field_name="began_on", lookup_expr="gte")
    began_on_to = django_filters.DateFilter(field_name="began_on", lookup_expr="lte")


@extend_schema_view(
    list=extend_schema(summary="List laps", description="First sales, renewals, expansions and returns, by page."),
    retrieve=extend_schema(summary="Read a lap", description="By its id."),
)
class LapViewSet(RecordViewSet):
    model = Lap
    serializer_class = LapSerializer
    joins = _LAP_JOINS
    filterset_class = LapFilters
    orders: ClassVar[dict[str, Order]] = {**BY_ID, "began_on": Order("began_on")}
