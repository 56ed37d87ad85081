"""``/api/v1/relays/`` and what one does with a handover"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import django_filters
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.access import WRITE, Need
from accounts.api.base import RecordViewSet
from accounts.api.writing import refuse_unknown
from accounts.roles import Department
from csplatform.core.rest import conditional
from csplatform.core.rest.fields import Instant
from csplatform.core.rest.filters import TrueOrFalse
from csplatform.core.rest.paging import BY_ID, Order
from csplatform.core.rest.problems import invalid
from journeys.api.acting import ACT, acting, present_member
from journeys.api.problems import refused
from journeys.models import DeclineCause, Relay, RelayItem, RelayState
from journeys.services import relaying


class RelayItemSerializer(serializers.Serializer[Any]):
    """A line of the checklist."""

    id = serializers.UUIDField(read_only=True)
    text = serializers.CharField(read_only=True)
    is_required = serializers.BooleanField(source="required", read_only=True)
    done_at = Instant(read_only=True, allow_null=True)
    done_by = serializers.CharField(source="done_by_label", read_only=True)


class PromiseSerializer(serializers.Serializer[Any]):
    """An outcome carried along, as it read when the handover was offered."""

    outcome = serializers.UUIDField(read_only=True)
    version = serializers.IntegerField(read_only=True)
    statement = serializers.CharField(read_only=True)


class RelaySerializer(serializers.Serializer[Any]):
    """A handover. `taker` null, or `taker_has_left`: anybody of the department may take it."""

    id = serializers.UUIDField(read_only=True)
    external_id = serializers.CharField(read_only=True, allow_null=True)
    customer_id = serializers.UUIDField(read_only=True)
    customer_external_id = serializers.CharField(source="customer.external_id", read_only=True)
    from_stage = serializers.CharField(source="from_stage.key", read_only=True, default=None, allow_null=True)
    to_stage = serializers.CharField(source="to_stage.key", read_only=True)
    giver_department = serializers.ChoiceField(choices=Department.choices, read_only=True)
    giver = serializers.UUIDField(source="giver_id", read_only=True, allow_null=True, help_text="Id of the member.")
    taker_department = serializers.ChoiceField(choices=Department.choices, read_only=True)
    taker = serializers.UUIDField(source="taker_id", read_only=True, allow_null=True, help_text="Id of the member.")
    taker_has_left = serializers.SerializerMethodField()
    state = serializers.ChoiceField(choices=RelayState.choices, read_only=True)
    reason = serializers.CharField(read_only=True)
    note = serializers.CharField(read_only=True)
    items = RelayItemSerializer(many=True, read_only=True)
    promises = PromiseSerializer(many=True, read_only=True)
    offered_at = Instant(read_only=True)
    due_at = Instant(read_only=True)
    escalated_at = Instant(read_only=True, allow_null=True)
    decided_at = Instant(read_only=True, allow_null=True)
    decided_by = serializers.CharField(source="decided_by_label", read_only=True)
    decline_cause = serializers.ChoiceField(choices=DeclineCause.choices, read_only=True)
    decline_reason = serializers.CharField(read_only=True)
    move_id = serializers.UUIDField(read_only=True, allow_null=True)
    reoffers = serializers.UUIDField(source="reoffers_id", read_only=True, allow_null=True)
    known_at = Instant(read_only=True)
    version = serializers.IntegerField(read_only=True)

    def get_taker_has_left(self, relay: Relay) -> bool:
        return relay.taker is not None and relay.taker.left_at is not None


class BySerializer(serializers.Serializer[Any]):
    """`by`: the member acted for (id or e-mail); only with a key. Without it the key acts for the department."""

    by = serializers.CharField(required=False, max_length=254)


class AcceptSerializer(BySerializer):
    note = serializers.CharField(required=False, allow_blank=True, max_length=relaying.MAX_NOTE)


class DeclineSerializer(BySerializer):
    reason = serializers.CharField(max_length=relaying.MAX_REASON)
    cause = serializers.ChoiceField(choices=DeclineCause.choices, required=False, allow_blank=True)


class WithdrawSerializer(BySerializer):
    reason = serializers.CharField(required=False, allow_blank=True, max_length=relaying.MAX_REASON)


class ReofferSerializer(BySerializer):
    reason = serializers.CharField(max_length=relaying.MAX_REASON)
    note = serializers.CharField(required=False, allow_blank=True, max_length=relaying.MAX_NOTE)
    taker = serializers.CharField(required=False, max_length=254, help_text="Id or e-mail of a member.")


class TickSerializer(serializers.Serializer[Any]):
    item = serializers.UUIDField()
    done = serializers.BooleanField(required=False, default=True)


class RelayFilters(django_filters.FilterSet):
    external_id = django_filters.CharFilter()
    customer = django_filters.UUIDFilter(field_name="customer_id", help_text="Id of the customer.")
    customer_external_id = django_filters.CharFilter(field_name="customer__external_id")
    state = django_filters.ChoiceFilter(choices=RelayState.choices)
    giver_department = django_filters.ChoiceFilter(choices=Department.choices)
    taker_department = django_filters.ChoiceFilter(choices=Department.choices)
    taker = django_filters.UUIDFilter(field_name="taker_id", help_text="Id of the member.")
    from_stage = django_filters.CharFilter(field_name="from_stage__key")
    to_stage = django_filters.CharFilter(field_name="to_stage__key")
    is_overdue = TrueOrFalse(method="overdue", help_text="true: waiting past its due time.")
    offered_at_from = django_filters.IsoDateTimeFilter(field_name="offered_at", lookup_expr="gte")
    offered_at_to = django_filters.IsoDateTimeFilter(field_name="offered_at", lookup_expr="lte")
    decided_at_from = django_filters.IsoDateTimeFilter(field_name="decided_at", lookup_expr="gte")
    decided_at_to = django_filters.IsoDateTimeFilter(field_name="decided_at", lookup_expr="lte")

    def overdue(self, queryset: QuerySet[Relay], name: str, value: bool) -> QuerySet[Relay]:
        late = Q(state=RelayState.OFFERED, due_at__lte=timezone.now())
        return queryset.filter(late if value else ~late)


@extend_schema_view(
    list=extend_schema(summary="List handovers", description="Offered ones come from `POST customers/{id}/move/`."),
    retrieve=extend_schema(summary="Read a handover", description="By its id, or by `ext:` and its external id."),
)
class RelayViewSet(RecordViewSet):
    model = Relay
    serializer_class = RelaySerializer
    filterset_class = RelayFilters
    has_external_id = True
    joins = ("customer", "from_stage", "to_stage", "taker")
    prefetches = ("items",)
    orders: ClassVar[dict[str, Order]] = {**BY_ID, "offered_at": Order("offered_at"), "due_at": Order("due_at")}
    needs: ClassVar[dict[str, Need]] = dict.fromkeys(("accept", "decline", "withdraw", "reoffer", "tick"), WRITE)

    @extend_schema(
        summary="Accept a handover",
        description="The customer enters the stage. 409 names what is `missing`, or who decided first; 403 when it is "
        "another department's. A key with the scope `admin` may act for a department.",
        request=AcceptSerializer,
        responses=RelaySerializer,
    )
    def accept(self, request: Request, id: str) -> Response:
        return self._decided(request, id, relaying.accept, AcceptSerializer)

    @extend_schema(
        summary="Decline a handover",
        description="With the `reason`; the customer stays where it is. `cause` is one of a few words to count by.",
        request=DeclineSerializer,
        responses=RelaySerializer,
    )
    def decline(self, request: Request, id: str) -> Response:
        return self._decided(request, id, relaying.decline, DeclineSerializer)

    @extend_schema(
        summary="Withdraw a handover",
        description="For the giver's side. The customer stays where it is.",
        request=WithdrawSerializer,
        responses=RelaySerializer,
    )
    def withdraw(self, request: Request, id: str) -> Response:
        return self._decided(request, id, relaying.withdraw, WithdrawSerializer)

    @extend_schema(
        summary="Offer a handover again",
        description="After it was declined or withdrawn. Answers 201 with a new handover that `reoffers` the old one.",
        request=ReofferSerializer,
        responses={201: RelaySerializer},
    )
    def reoffer(self, request: Request, id: str) -> Response:
        return self._decided(request, id, relaying.reoffer, ReofferSerializer, 201)

    @extend_schema(
        summary="Tick a line of the checklist",
        description="`item` is the line's id; `done` false takes the tick back. 409 once the handover is decided.",
        request=TickSerializer,
        responses=RelaySerializer,
    )
    def tick(self, request: Request, id: str) -> Response:
        relay, body = self._versioned(id), self._body(request, TickSerializer)
        told = {"item_id": body["item"], "done": body["done"]}
        try:
            with refused():
                relaying.tick(relay_id=relay.pk, actor=self.caller.actor, now=self.now, **told)
        except RelayItem.DoesNotExist as error:
            raise invalid([("item", _("This handover has no such line."))]) from error
        return self.shown(self.one(self.get_queryset(), pk=relay.pk))

    def _decided(
        self,
        request: Request,
        reference: str,
        deed: Callable[..., Relay],
        body: type[serializers.Serializer[Any]],
        status: int = 200,
    ) -> Response:
        """The handover after ``deed`` with what the body tells."""
        relay = self._versioned(reference)
        told = self._body(request, body)
        by, actor = acting(self.caller, told.pop("by", None))
        if by is None:
            self.caller.require(ACT)
        if "taker" in told:
            told["taker"] = present_member(self.caller, told["taker"], "taker")
        with refused():
            done = deed(relay_id=relay.pk, by=by, actor=actor, now=self.now, **told)
        return self.shown(self.one(self.get_queryset(), pk=done.pk), status)

    def _versioned(self, reference: str) -> Relay:
        relay: Relay = self.find(reference)
        conditional.require_version(self.request, relay.version)
        return relay

    def _body(self, request: Request, kind: type[serializers.Serializer[Any]]) -> dict[str, Any]:
        data = request.data or {}
        serializer = kind(data=data)
        refuse_unknown(data, set(serializer.fields))
        serializer.is_valid(raise_exception=True)
        return dict(serializer.validated_data)
