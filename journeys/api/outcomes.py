"""``/api/v1/outcomes/``"""

from __future__ import annotations

from datetime import date
from typing import Any

import django_filters
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.access import WRITE
from accounts.api.writing import Told, WritableViewSet, answered, refuse_unknown
from csplatform.core.rest.fields import Instant
from csplatform.core.rest.problems import invalid
from journeys import plan_words
from journeys.models import Confidence, Outcome, OutcomeKind, Settlement
from journeys.plan.rules import Status
from journeys.selectors import plan
from journeys.services.planning import outcomes

STATUSES = [status.value for status in Status]
AS_OF = OpenApiParameter("as_of", date, description="A past day: how it read and stood, from what was known then.")


class OutcomeSerializer(serializers.Serializer[Any]):
    """What a customer expects, as it reads now, and how it stands. `status` is computed; `why` says from what."""

    id = serializers.UUIDField(read_only=True)
    external_id = serializers.CharField(read_only=True)
    customer_id = serializers.UUIDField(read_only=True)
    customer_external_id = serializers.CharField(source="customer.external_id", read_only=True)
    lap_id = serializers.UUIDField(read_only=True, allow_null=True)
    kind = serializers.ChoiceField(choices=OutcomeKind.choices, read_only=True)
    statement = serializers.CharField(source="read.version.statement", read_only=True)
    due_on = serializers.DateField(source="read.version.due_on", read_only=True, allow_null=True)
    confidence = serializers.ChoiceField(
        source="read.version.confidence", choices=Confidence.choices, read_only=True, allow_blank=True
    )
    settlement = serializers.ChoiceField(
        source="read.version.settlement", choices=Settlement.choices, read_only=True, allow_blank=True
    )
    effective_on = serializers.DateField(source="read.version.effective_on", read_only=True)
    reason = serializers.CharField(source="read.version.reason", read_only=True)
    status = serializers.ChoiceField(source="read.standing.status", choices=STATUSES, read_only=True)
    why = serializers.SerializerMethodField()
    kpis_met = serializers.IntegerField(source="read.standing.met", read_only=True)
    kpis = serializers.IntegerField(source="read.standing.of", read_only=True)
    created_at = Instant(read_only=True)
    updated_at = Instant(read_only=True)
    version = serializers.IntegerField(read_only=True)

    def get_why(self, row: Any) -> str:
        return plan_words.outcome_why(row.read)


class OutcomeWriteSerializer(serializers.Serializer[Any]):
    """The fields of an outcome that can be written. A change needs a `reason`; the earlier words stay."""

    external_id = serializers.CharField(max_length=200, required=False)
    customer_external_id = serializers.CharField(max_length=200, required=False)
    kind = serializers.ChoiceField(choices=OutcomeKind.choices, required=False)
    statement = serializers.CharField(max_length=500, required=False)
    due_on = serializers.DateField(required=False, allow_null=True)
    confidence = serializers.ChoiceField(choices=Confidence.choices, required=False, allow_blank=True)
    settlement = serializers.ChoiceField(choices=Settlement.choices, required=False, allow_blank=True)
    effective_on = serializers.DateField(required=False)
    reason = serializers.CharField(max_length=500, required=False, allow_blank=True)


class SettleSerializer(serializers.Serializer[Any]):
    """A decision by name; an empty one opens the outcome again."""

    settlement = serializers.ChoiceField(choices=Settlement.choices, allow_blank=True)
    reason = serializers.CharField(max_length=500)


class OutcomeVersionSerializer(serializers.Serializer[Any]):
    """What an outcome said from `effective_on` on, and why it changed."""

    number = serializers.IntegerField(read_only=True)
    statement = serializers.CharField(read_only=True)
    due_on = serializers.DateField(read_only=True, allow_null=True)
    confidence = serializers.ChoiceField(choices=Confidence.choices, read_only=True, allow_blank=True)
    settlement = serializers.ChoiceField(choices=Settlement.choices, read_only=True, allow_blank=True)
    reason = serializers.CharField(read_only=True)
    effective_on = serializers.DateField(read_only=True)
    known_at = Instant(read_only=True)
    recorded_at = Instant(read_only=True)
    actor = serializers.CharField(source="actor_label", read_only=True)


class OutcomeFilters(django_filters.FilterSet):
    external_id = django_filters.CharFilter()
    customer = django_filters.UUIDFilter(field_name="customer_id", help_text="Id of the customer.")
    customer_external_id = django_filters.CharFilter(field_name="customer__external_id")
    kind = django_filters.ChoiceFilter(choices=OutcomeKind.choices)
    settlement = django_filters.ChoiceFilter(choices=[choice for choice in Settlement.choices if choice[0]])


class PlanViewSet(WritableViewSet):
    """Records of the plan: each is answered with how it stands, read for the whole page at once."""

    def standing(self, rows: list[Any], day: date | None) -> list[Any]:
        """``rows`` with what the serializer shows of them; those unknown on ``day`` are left out."""
        raise NotImplementedError

    def paginate_queryset(self, queryset: Any) -> Any:
        return self.standing(list(super().paginate_queryset(queryset) or []), None)

    def shown(self, row: Any, status: int = 200, headers: Any = None) -> Response:
        rows = self.standing([row], self._asked_day())
        if not rows:
            raise invalid([("as_of", _("The record was not known yet on this day."))])
        return super().shown(rows[0], status, headers)

    def _asked_day(self) -> date | None:
        told = self.request.query_params.get("as_of") if self.request.method == "GET" else None
        if told is None:
            return None
        try:
            day = date.fromisoformat(told)
        except ValueError:
            raise invalid([("as_of", _("Expected a day such as 2026-01-31."))]) from None
        if day > self.now.date():
            raise invalid([("as_of", _("This day has not come yet."))])
        return day

    def known_by(self, day: date | None) -> dict[str, Any]:
        """How selectors are asked for ``day``: now where none was asked for."""
        return {"day": self.now.date(), "known_by": self.now} if day is None else {"day": day}


@extend_schema_view(
    list=extend_schema(summary="List outcomes", description="What customers expect, with how each stands now."),
    retrieve=extend_schema(
        summary="Read an outcome",
        description="By its id, or by `ext:` and its external id. `as_of` answers with how it read and stood then.",
        parameters=[AS_OF],
    ),
    create=extend_schema(
        summary="Define an outcome",
        description="`external_id`, `customer_external_id` and `statement` are required.",
        request=OutcomeWriteSerializer,
        responses={201: OutcomeSerializer},
    ),
    update=extend_schema(
        summary="Define or change an outcome",
        description="At `ext:` and an external id: made when it is new, else changed, which needs a `reason`.",
        request=OutcomeWriteSerializer,
        responses={200: OutcomeSerializer, 201: OutcomeSerializer},
    ),
    partial_update=extend_schema(
        summary="Change an outcome",
        description="Adds a version with its `reason`; saying the same again changes nothing.",
        request=OutcomeWriteSerializer,
        responses=OutcomeSerializer,
    ),
)
class OutcomeViewSet(PlanViewSet):
    model = Outcome
    resource = "outcomes"
    serializer_class = OutcomeSerializer
    write_serializer_class = OutcomeWriteSerializer
    filterset_class = OutcomeFilters
    joins = ("customer",)
    needs = {**WritableViewSet.needs, "settle": WRITE}

    def standing(self, rows: list[Any], day: date | None) -> list[Any]:
        reads = plan.plans_of_outcomes([row.pk for row in rows], **self.known_by(day), is_list=True)
        found = {read.outcome.pk: read for read in reads}
        for row in rows:
            row.read = found.get(row.pk)
        return [row for row in rows if row.read is not None]

    def make(self, external_id: str, told: Told) -> Outcome:
        return outcomes.create(external_id=external_id, told=told.values, actor=self.caller.actor, now=self.now)

    def change(self, row: Outcome, told: Told) -> Outcome:
        return outcomes.revise_outcome(outcome_id=row.pk, told=told.values, actor=self.caller.actor, now=self.now)

    @extend_schema(
        summary="Settle an outcome by name",
        description="Met, missed, waived or dropped, whatever the figures say; empty opens it again.",
        request=SettleSerializer,
        responses=OutcomeSerializer,
    )
    def settle(self, request: Request, id: str) -> Response:
        row = self.find(id)
        serializer = SettleSerializer(data=request.data)
        refuse_unknown(request.data, set(serializer.fields))
        serializer.is_valid(raise_exception=True)
        with answered():
            outcomes.settle(outcome_id=row.pk, **serializer.validated_data, actor=self.caller.actor, now=self.now)
        return self.shown(self.find(str(row.pk)))

    @extend_schema(
        summary="Read how an outcome evolved",
        description="Every version, oldest first.",
        responses=OutcomeVersionSerializer(many=True),
        filters=False,
    )
    def versions(self, request: Request, id: str) -> Response:
        rows = self.find(id).versions.order_by("number")
        return Response({"results": OutcomeVersionSerializer(rows, many=True).data})
