"""``/api/v1/customers/{id}/adoption/``, ``/api/v1/adoption-states/``, ``-rules/`` and ``-indicators/``"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, ClassVar

import django_filters
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.access import CONFIGURE, WRITE, Need
from accounts.api.base import RecordViewSet
from accounts.api.writing import answered, refuse_unknown
from accounts.models import Customer
from csplatform.core.rest.fields import Instant
from csplatform.core.rest.filters import TrueOrFalse
from csplatform.core.rest.problems import Problem
from journeys import adoption_pages
from journeys.adoption.people import LEAST_SHOWN
from journeys.models import (
    AdoptionIndicator,
    AdoptionRules,
    AdoptionState,
    IndicatorKind,
    PeopleShown,
    PersonState,
    StepHeight,
)
from journeys.selectors import adoption as reads
from journeys.services.adoption import indicators, planning, settings

_HISTORY = timedelta(days=365)


class AdoptionTargetSerializer(serializers.Serializer[Any]):
    on = serializers.DateField()
    percent = serializers.IntegerField(min_value=0, max_value=100)


class AdoptionPlanSerializer(serializers.Serializer[Any]):
    """The share of people in habit that is planned; the newest version is in force."""

    version = serializers.IntegerField(source="number", read_only=True)
    baseline_on = serializers.DateField()
    baseline_percent = serializers.IntegerField()
    targets = AdoptionTargetSerializer(many=True)
    reason = serializers.CharField()
    created_at = Instant(read_only=True)
    actor = serializers.CharField(source="actor_label", read_only=True)


class AdoptionPlanWriteSerializer(serializers.Serializer[Any]):
    """A plan; changing one asks for the reason."""

    baseline_on = serializers.DateField(required=False, allow_null=True, default=None, help_text="Today if left out.")
    baseline_percent = serializers.IntegerField(min_value=0, max_value=100)
    targets = AdoptionTargetSerializer(many=True)
    reason = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")
    version = serializers.IntegerField(
        required=False, allow_null=True, default=None, help_text="The version this was written from; 0 for none."
    )


class AdoptionGroupReadSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(allow_null=True, help_text="Null: everybody else.")
    step = serializers.ChoiceField(choices=StepHeight.choices, allow_null=True)
    words = serializers.CharField()
    people = serializers.IntegerField(allow_null=True, help_text="Null where too few to be shown in aggregate.")
    states = serializers.DictField(child=serializers.IntegerField(), allow_null=True)


class AdoptionDaySerializer(serializers.Serializer[Any]):
    date = serializers.DateField()
    people = serializers.IntegerField()
    habit_percent = serializers.FloatField(allow_null=True)


class CustomerAdoptionSerializer(serializers.Serializer[Any]):
    """Where a customer's people stand. Figures are null where people are shown in aggregate and there are few."""

    customer_id = serializers.UUIDField()
    customer_external_id = serializers.CharField()
    people = serializers.IntegerField()
    states = serializers.DictField(child=serializers.IntegerField(), allow_null=True)
    habit_percent = serializers.FloatField(allow_null=True)
    work_percent = serializers.FloatField(allow_null=True, help_text="Activated or habitual; what stages ask for.")
    planned_percent = serializers.FloatField(allow_null=True, help_text="What the plan wants by today.")
    plan = AdoptionPlanSerializer(allow_null=True)
    groups = AdoptionGroupReadSerializer(many=True)
    history = AdoptionDaySerializer(many=True, help_text="The last year, evenly spaced, oldest first.")
    shown = serializers.ChoiceField(choices=PeopleShown.choices)


class CustomerAdoptionViewSet(RecordViewSet):
    """A customer's adoption and its plan."""

    model = Customer
    serializer_class = CustomerAdoptionSerializer
    has_external_id = True
    filter_backends = []
    pagination_class = None
    needs: ClassVar[Mapping[str, Need]] = {"plan": WRITE}

    @extend_schema(
        summary="Read a customer's adoption",
        description="How many people stand where, groups, the curve and the plan.",
        responses=CustomerAdoptionSerializer,
    )
    def adoption(self, request: Request, id: str) -> Response:
        return Response(self._as_json(self.find(id)))

    @extend_schema(
        summary="Read a customer's adoption plans",
        description="Every version, the newest, which is in force, first.",
        responses=AdoptionPlanSerializer(many=True),
    )
    def plans(self, request: Request, id: str) -> Response:
        return Response(AdoptionPlanSerializer(reads.plans_of(self.find(id).pk), many=True).data)

    @extend_schema(
        summary="Plan a customer's adoption",
        description="A new version; earlier ones stay. Changing a plan asks for the reason.",
        request=AdoptionPlanWriteSerializer,
        responses=AdoptionPlanSerializer,
    )
    def plan(self, request: Request, id: str) -> Response:
        customer = self.find(id)
        told = _told(request, AdoptionPlanWriteSerializer)
        expected = told.pop("version")
        made = planning.set_plan(
            customer_id=customer.pk, **told, expected_number=expected, actor=self.caller.actor, now=self.now
        )
        return Response(AdoptionPlanSerializer(made).data)

    def _as_json(self, customer: Customer) -> dict[str, Any]:
        count, shown, plan = reads.count_of(customer.pk), reads.shown(), reads.plan_of(customer.pk)
        people = count.people if count else 0
        is_told = count is not None and people > 0 and not (shown.is_aggregate and people < LEAST_SHOWN)
        today = self.now.date()
        history = reads.curve_of(customer.pk, first=today - _HISTORY, last=today) if is_told else []
        return {
            "customer_id": str(customer.pk),
            "customer_external_id": customer.external_id,
            "people": people,
            "states": {state: getattr(count, state) for state in PersonState.values} if is_told else None,
            "habit_percent": count.habit_percent / 100 if count and is_told else None,
            "work_percent": count.work_percent / 100 if count and is_told else None,
            "planned_percent": adoption_pages.planned_on(plan, today),
            "plan": AdoptionPlanSerializer(plan).data if plan else None,
            "groups": [_group(each) for each in reads.groups_of(customer.pk, shown=shown)] if is_told else [],
            "history": [
                {"date": day.on.isoformat(), "people": day.people, "habit_percent": day.habit_percent}
                for day in history
            ],
            "shown": shown.people.value,
        }


def _group(read: reads.GroupRead) -> dict[str, Any]:
    group = read.group
    return {
        "name": group.name if group else None,
        "step": group.step if group else None,
        "words": group.words if group else "",
        "people": None if read.hidden else read.people,
        "states": None if read.hidden else {state: read.counts.get(state, 0) for state in PersonState.values},
    }


class AdoptionStateSerializer(serializers.Serializer[Any]):
    """Where a person stands. By name with the contact, else with a pseudonym that leads nowhere."""

    id = serializers.UUIDField(read_only=True)
    customer_id = serializers.UUIDField(read_only=True)
    customer_external_id = serializers.CharField(source="customer.external_id", read_only=True)
    contact_id = serializers.SerializerMethodField()
    contact_external_id = serializers.SerializerMethodField()
    pseudonym = serializers.SerializerMethodField()
    state = serializers.ChoiceField(choices=PersonState.choices, read_only=True)
    since = serializers.DateField(read_only=True)
    first_use_on = serializers.DateField(read_only=True, allow_null=True)
    activated_on = serializers.DateField(read_only=True, allow_null=True)
    last_use_on = serializers.DateField(read_only=True, allow_null=True)

    @extend_schema_field({"type": ["string", "null"], "format": "uuid"})
    def get_contact_id(self, row: Any) -> str | None:
        return str(row.contact_id) if self._by_name else None

    @extend_schema_field({"type": ["string", "null"]})
    def get_contact_external_id(self, row: Any) -> str | None:
        return row.contact.external_id if self._by_name else None

    @extend_schema_field({"type": ["string", "null"]})
    def get_pseudonym(self, row: Any) -> str | None:
        shown: reads.Shown = self.context["shown"]
        return None if self._by_name else shown.pseudonym(row.contact_id)

    @property
    def _by_name(self) -> bool:
        return bool(self.context["shown"].people == PeopleShown.NAME)


class AdoptionStateFilters(django_filters.FilterSet):
    customer = django_filters.UUIDFilter(field_name="customer_id", help_text="Id of the customer.")
    customer_external_id = django_filters.CharFilter(field_name="customer__external_id")
    state = django_filters.ChoiceFilter(choices=PersonState.choices)


@extend_schema_view(
    list=extend_schema(
        summary="List where people stand",
        description="Refused (403) where the workspace shows people in aggregate only.",
    ),
    retrieve=extend_schema(summary="Read where a person stands", description="By its id."),
)
class AdoptionStateViewSet(RecordViewSet):
    model = AdoptionState
    serializer_class = AdoptionStateSerializer
    filterset_class = AdoptionStateFilters
    joins = ("customer", "contact")

    def get_serializer_context(self) -> dict[str, Any]:
        context = super().get_serializer_context()
        return {**context, "shown": reads.shown()} if getattr(self, "caller", None) else context

    def list(self, request: Request) -> Response:
        self._refuse_aggregate()
        return super().list(request)

    def retrieve(self, request: Request, id: str) -> Response:
        row = self.find(id)
        self._refuse_aggregate()
        return self.shown(row)

    @staticmethod
    def _refuse_aggregate() -> None:
        if reads.shown().is_aggregate:
            raise Problem(403, _("This workspace shows people in aggregate only."), kind="aggregate-only")


class AdoptionRulesSerializer(serializers.Serializer[Any]):
    """What counts as activated, habitual and lapsed from ``effective_on`` on."""

    id = serializers.UUIDField(read_only=True)
    version = serializers.IntegerField(source="number", read_only=True)
    definition = serializers.JSONField(read_only=True)
    effective_on = serializers.DateField(read_only=True)
    reason = serializers.CharField(read_only=True)
    created_at = Instant(read_only=True)
    actor = serializers.CharField(source="actor_label", read_only=True)


class AdoptionRulesWriteSerializer(serializers.Serializer[Any]):
    definition = serializers.JSONField()
    effective_on = serializers.DateField(required=False, allow_null=True, default=None, help_text="Today if left out.")
    reason = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")


@extend_schema_view(
    list=extend_schema(
        summary="List adoption rules", description="Every version; without one, the usual rules are in force."
    ),
    retrieve=extend_schema(summary="Read a version of the adoption rules", description="By its id."),
)
class AdoptionRulesViewSet(RecordViewSet):
    model = AdoptionRules
    serializer_class = AdoptionRulesSerializer
    filter_backends = []
    needs: ClassVar[Mapping[str, Need]] = {"create": CONFIGURE}

    @extend_schema(
        summary="Set the adoption rules",
        description="A new version. Rules that are in force already add none, and answer 200.",
        request=AdoptionRulesWriteSerializer,
        responses={200: AdoptionRulesSerializer, 201: AdoptionRulesSerializer},
    )
    def create(self, request: Request) -> Response:
        told = _told(request, AdoptionRulesWriteSerializer)
        made = settings.set_rules(**told, actor=self.caller.actor, now=self.now)
        return self.shown(self.find(str(made.pk)), 201 if made.created_at == self.now else 200)


class AdoptionIndicatorSerializer(serializers.Serializer[Any]):
    """What shows adoption: defined, reached by itself, celebrated as a win."""

    id = serializers.UUIDField(read_only=True)
    external_id = serializers.CharField(read_only=True)
    customer_id = serializers.UUIDField(read_only=True)
    customer_external_id = serializers.CharField(source="customer.external_id", read_only=True)
    title = serializers.CharField(read_only=True)
    kind = serializers.ChoiceField(choices=IndicatorKind.choices, read_only=True)
    state = serializers.CharField(read_only=True)
    event = serializers.CharField(read_only=True)
    threshold = serializers.IntegerField(read_only=True)
    defined_at = Instant(read_only=True)
    reached_on = serializers.DateField(read_only=True, allow_null=True)
    celebrated_at = Instant(source="win.celebrated_at", read_only=True, allow_null=True, default=None)
    win_id = serializers.UUIDField(read_only=True, allow_null=True)


class AdoptionIndicatorWriteSerializer(serializers.Serializer[Any]):
    external_id = serializers.CharField(max_length=200, required=False, allow_null=True, default=None)
    customer_external_id = serializers.CharField(max_length=200)
    title = serializers.CharField(max_length=200)
    kind = serializers.ChoiceField(choices=IndicatorKind.choices)
    state = serializers.CharField(max_length=9, required=False, allow_blank=True, default="")
    event = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    threshold = serializers.IntegerField(min_value=1, max_value=indicators.MOST_EVENTS)


class AdoptionIndicatorFilters(django_filters.FilterSet):
    external_id = django_filters.CharFilter()
    customer = django_filters.UUIDFilter(field_name="customer_id", help_text="Id of the customer.")
    customer_external_id = django_filters.CharFilter(field_name="customer__external_id")
    reached = TrueOrFalse(field_name="reached_on", lookup_expr="isnull", exclude=True, help_text="true or false.")


@extend_schema_view(
    list=extend_schema(summary="List indicators of adoption", description="Defined, reached and celebrated ones."),
    retrieve=extend_schema(summary="Read an indicator of adoption", description="By id, or `ext:` and external id."),
)
class AdoptionIndicatorViewSet(RecordViewSet):
    model = AdoptionIndicator
    has_external_id = True
    serializer_class = AdoptionIndicatorSerializer
    filterset_class = AdoptionIndicatorFilters
    joins = ("customer", "win")
    needs: ClassVar[Mapping[str, Need]] = {"create": WRITE, "destroy": WRITE}

    @extend_schema(
        summary="Define an indicator of adoption",
        description="`share`: percent of the people in `state` or beyond. `events`: a number of events called `event`.",
        request=AdoptionIndicatorWriteSerializer,
        responses={201: AdoptionIndicatorSerializer},
    )
    def create(self, request: Request) -> Response:
        told = _told(request, AdoptionIndicatorWriteSerializer)
        customer = self.one(Customer.objects.all(), external_id=told.pop("customer_external_id"))
        external_id = told.pop("external_id")
        made = indicators.define(
            customer_id=customer.pk, told=told, external_id=external_id, actor=self.caller.actor, now=self.now
        )
        return self.shown(self.find(str(made.pk)), 201)

    @extend_schema(
        summary="Remove an indicator of adoption", description="A win it has brought stays.", responses={204: None}
    )
    def destroy(self, request: Request, id: str) -> Response:
        row = self.find(id)
        with answered():
            indicators.remove(indicator_id=row.pk, actor=self.caller.actor, now=self.now)
        return Response(status=204)


def _told(request: Request, kind: type[serializers.Serializer[Any]]) -> dict[str, Any]:
    serializer = kind(data=request.data)
    refuse_unknown(request.data, set(serializer.fields))
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)
