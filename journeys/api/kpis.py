"""``/api/v1/kpis/`` and ``/api/v1/measurements/``"""

from __future__ import annotations

from datetime import date
from typing import Any

import django_filters
from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.access import WRITE
from accounts.api.base import BY_EXTERNAL_ID
from accounts.api.writing import Told, WritableViewSet, answered, refuse_unknown
from csplatform.core import locks
from csplatform.core.rest.fields import Instant
from csplatform.core.rest.filters import TrueOrFalse
from journeys import plan_words
from journeys.api.outcomes import AS_OF, STATUSES, PlanViewSet
from journeys.models import Kpi, KpiDirection, Measurement
from journeys.selectors import plan
from journeys.services.planning import kpis, measuring


def _amount(**options: Any) -> serializers.DecimalField:
    return serializers.DecimalField(max_digits=19, decimal_places=4, normalize_output=True, **options)


class KpiSerializer(serializers.Serializer[Any]):
    """How an outcome is told. `status` is computed from the straight line between baseline and target."""

    id = serializers.UUIDField(read_only=True)
    external_id = serializers.CharField(read_only=True)
    outcome_id = serializers.UUIDField(read_only=True)
    outcome_external_id = serializers.CharField(source="outcome.external_id", read_only=True)
    customer_id = serializers.UUIDField(source="outcome.customer_id", read_only=True)
    name = serializers.CharField(source="read.version.name", read_only=True)
    unit = serializers.CharField(source="read.version.unit", read_only=True)
    direction = serializers.ChoiceField(
        source="read.version.direction", choices=KpiDirection.choices, read_only=True,
        help_text="Follows from baseline and target.",
    )  # fmt: skip
    baseline = _amount(source="read.version.baseline", read_only=True)
    target = _amount(source="read.version.target", read_only=True)
    due_on = serializers.DateField(source="read.version.due_on", read_only=True, allow_null=True)
    measured_by = serializers.CharField(source="read.version.measured_by", read_only=True)
    measure_key = serializers.CharField(source="read.version.measure_key", read_only=True)
    effective_on = serializers.DateField(source="read.version.effective_on", read_only=True)
    reason = serializers.CharField(source="read.version.reason", read_only=True)
    confirmed_at = Instant(source="read.version.confirmed_at", read_only=True, allow_null=True)
    confirmed_by = serializers.CharField(source="read.version.confirmed_by", read_only=True)
    status = serializers.ChoiceField(source="read.standing.status", choices=STATUSES, read_only=True)
    why = serializers.SerializerMethodField()
    value = _amount(source="read.standing.value", read_only=True, allow_null=True)
    measured_on = serializers.DateField(source="read.standing.measured_on", read_only=True, allow_null=True)
    expected = serializers.SerializerMethodField(help_text="Where the straight line is; null without a due date.")
    version = serializers.IntegerField(read_only=True)

    def get_why(self, row: Any) -> str:
        return plan_words.kpi_why(row.read)

    def get_expected(self, row: Any) -> str | None:
        expected = row.read.standing.expected
        return None if expected is None else f"{round(expected, 4).normalize():f}"


class KpiWriteSerializer(serializers.Serializer[Any]):
    """The fields of a KPI that can be written. A change needs a `reason`; the earlier version stays."""

    external_id = serializers.CharField(max_length=200, required=False)
    outcome_external_id = serializers.CharField(max_length=200, required=False)
    name = serializers.CharField(max_length=200, required=False)
    unit = serializers.CharField(max_length=40, required=False, allow_blank=True)
    direction = serializers.ChoiceField(choices=KpiDirection.choices, required=False)
    baseline = _amount(required=False)
    target = _amount(required=False)
    due_on = serializers.DateField(required=False, allow_null=True)
    measured_by = serializers.CharField(max_length=200, required=False, allow_blank=True)
    measure_key = serializers.CharField(max_length=60, required=False, allow_blank=True)
    effective_on = serializers.DateField(required=False)
    reason = serializers.CharField(max_length=500, required=False, allow_blank=True)


class ReasonSerializer(serializers.Serializer[Any]):
    """Why."""

    reason = serializers.CharField(max_length=500)


class KpiVersionSerializer(serializers.Serializer[Any]):
    """What a KPI aimed at from `effective_on` on, and why it changed."""

    number = serializers.IntegerField(read_only=True)
    name = serializers.CharField(read_only=True)
    unit = serializers.CharField(read_only=True)
    direction = serializers.ChoiceField(choices=KpiDirection.choices, read_only=True)
    baseline = _amount(read_only=True)
    target = _amount(read_only=True)
    due_on = serializers.DateField(read_only=True, allow_null=True)
    measured_by = serializers.CharField(read_only=True)
    measure_key = serializers.CharField(read_only=True)
    reason = serializers.CharField(read_only=True)
    effective_on = serializers.DateField(read_only=True)
    known_at = Instant(read_only=True)
    recorded_at = Instant(read_only=True)
    confirmed_at = Instant(read_only=True, allow_null=True)
    confirmed_by = serializers.CharField(read_only=True)
    actor = serializers.CharField(source="actor_label", read_only=True)


class KpiFilters(django_filters.FilterSet):
    external_id = django_filters.CharFilter()
    outcome = django_filters.UUIDFilter(field_name="outcome_id", help_text="Id of the outcome.")
    outcome_external_id = django_filters.CharFilter(field_name="outcome__external_id")
    customer = django_filters.UUIDFilter(field_name="outcome__customer_id", help_text="Id of the customer.")
    customer_external_id = django_filters.CharFilter(field_name="outcome__customer__external_id")


@extend_schema_view(
    list=extend_schema(summary="List KPIs", description="Those that count, with how each stands now."),
    retrieve=extend_schema(
        summary="Read a KPI",
        description="By its id, or by `ext:` and its external id. `as_of` answers with how it read and stood then.",
        parameters=[AS_OF],
    ),
    create=extend_schema(
        summary="Add a KPI",
        description="`external_id`, `outcome_external_id`, `name`, `baseline` and `target` are required.",
        request=KpiWriteSerializer,
        responses={201: KpiSerializer},
    ),
    update=extend_schema(
        summary="Add or change a KPI",
        description="At `ext:` and an external id: made when it is new, else changed, which needs a `reason`.",
        request=KpiWriteSerializer,
        responses={200: KpiSerializer, 201: KpiSerializer},
    ),
    partial_update=extend_schema(
        summary="Change a KPI",
        description="Adds a version with its `reason`; what the customer had confirmed is asked again.",
        request=KpiWriteSerializer,
        responses=KpiSerializer,
    ),
)
class KpiViewSet(PlanViewSet):
    model = Kpi
    resource = "kpis"
    serializer_class = KpiSerializer
    write_serializer_class = KpiWriteSerializer
    filterset_class = KpiFilters
    joins = ("outcome",)
    needs = {**WritableViewSet.needs, "retire": WRITE}

    def get_queryset(self) -> QuerySet[Any]:
        """A list holds what counts; one that is retired is still found by name, to be read as it stood."""
        rows = super().get_queryset()
        return rows.filter(retired_at__isnull=True) if self.action == "list" else rows

    def standing(self, rows: list[Any], day: date | None) -> list[Any]:
        reads = plan.plans_of_outcomes({row.outcome_id for row in rows}, **self.known_by(day), is_list=True)
        found = {kpi.kpi_id: kpi for read in reads for kpi in read.kpis}
        for row in rows:
            row.read = found.get(row.pk)
        return [row for row in rows if row.read is not None]

    def make(self, external_id: str, told: Told) -> Kpi:
        return kpis.create(external_id=external_id, told=told.values, actor=self.caller.actor, now=self.now)

    def change(self, row: Kpi, told: Told) -> Kpi:
        return kpis.revise_kpi(kpi_id=row.pk, told=told.values, actor=self.caller.actor, now=self.now)

    @extend_schema(
        summary="Retire a KPI",
        description="It counts no more; its past stays and is read with `?as_of=`.",
        request=ReasonSerializer,
        responses={204: None},
    )
    def retire(self, request: Request, id: str) -> Response:
        row = self.find(id)
        reason = _reason(request)
        with answered():
            kpis.retire_kpi(kpi_id=row.pk, reason=reason, actor=self.caller.actor, now=self.now)
        return Response(status=204)

    @extend_schema(
        summary="Read how a KPI evolved",
        description="Every version, oldest first.",
        responses=KpiVersionSerializer(many=True),
        filters=False,
    )
    def versions(self, request: Request, id: str) -> Response:
        rows = self.find(id).versions.order_by("number")
        return Response({"results": KpiVersionSerializer(rows, many=True).data})


class MeasurementSerializer(serializers.Serializer[Any]):
    """A KPI's value on a day. A corrected one names what took its place."""

    id = serializers.UUIDField(read_only=True)
    external_id = serializers.CharField(read_only=True)
    kpi_id = serializers.UUIDField(read_only=True)
    kpi_external_id = serializers.CharField(source="kpi.external_id", read_only=True)
    customer_id = serializers.UUIDField(source="kpi.outcome.customer_id", read_only=True)
    value = _amount(read_only=True)
    measured_on = serializers.DateField(read_only=True)
    note = serializers.CharField(read_only=True)
    source = serializers.CharField(read_only=True)  # type: ignore[assignment]  # a field of ours, taken out of the class
    reason = serializers.CharField(read_only=True)
    replaced_by = serializers.UUIDField(source="replaced_by_id", read_only=True, allow_null=True)
    withdrawn_at = Instant(read_only=True, allow_null=True)
    withdrawn_reason = serializers.CharField(read_only=True)
    known_at = Instant(read_only=True)
    recorded_at = Instant(read_only=True)
    actor = serializers.CharField(source="actor_label", read_only=True)


class MeasurementWriteSerializer(serializers.Serializer[Any]):
    """What was measured. Correcting needs a `reason`."""

    external_id = serializers.CharField(max_length=200, required=False)
    kpi_external_id = serializers.CharField(max_length=200, required=False)
    value = _amount(required=False)
    measured_on = serializers.DateField(required=False)
    note = serializers.CharField(max_length=500, required=False, allow_blank=True)
    reason = serializers.CharField(max_length=500, required=False, allow_blank=True)


class MeasurementFilters(django_filters.FilterSet):
    external_id = django_filters.CharFilter()
    kpi = django_filters.UUIDFilter(field_name="kpi_id", help_text="Id of the KPI.")
    kpi_external_id = django_filters.CharFilter(field_name="kpi__external_id")
    customer = django_filters.UUIDFilter(field_name="kpi__outcome__customer_id", help_text="Id of the customer.")
    customer_external_id = django_filters.CharFilter(field_name="kpi__outcome__customer__external_id")
    measured_on_from = django_filters.DateFilter(field_name="measured_on", lookup_expr="gte")
    measured_on_to = django_filters.DateFilter(field_name="measured_on", lookup_expr="lte")
    counts = TrueOrFalse(
        method="filter_counts", help_text="true: only what counts now; false: only the corrected and the withdrawn."
    )

    def filter_counts(self, queryset: QuerySet[Any], name: str, value: bool) -> QuerySet[Any]:
        counting = {"replaced_by__isnull": True, "withdrawn_at__isnull": True}
        return queryset.filter(**counting) if value else queryset.exclude(**counting)


@extend_schema_view(
    list=extend_schema(
        summary="List measurements", description="Values of KPIs, the corrected and withdrawn among them."
    ),
    retrieve=extend_schema(
        summary="Read a measurement",
        description="By its id, or by `ext:` and its external id: then the one that counts, not what it corrected.",
    ),
    create=extend_schema(
        summary="Record a measurement",
        description="`external_id`, `kpi_external_id` and `value` are required; `measured_on` is today where left out.",
        request=MeasurementWriteSerializer,
        responses={201: MeasurementSerializer},
    ),
    update=extend_schema(
        summary="Record or correct a measurement",
        description="At `ext:` and an external id: recorded when it is new, else corrected, which needs a `reason`.",
        request=MeasurementWriteSerializer,
        responses={200: MeasurementSerializer, 201: MeasurementSerializer},
    ),
    partial_update=extend_schema(
        summary="Correct a measurement",
        description="Answers with the measurement that takes its place, which has an id of its own.",
        request=MeasurementWriteSerializer,
        responses=MeasurementSerializer,
    ),
)
class MeasurementViewSet(WritableViewSet):
    model = Measurement
    resource = "measurements"
    serializer_class = MeasurementSerializer
    write_serializer_class = MeasurementWriteSerializer
    filterset_class = MeasurementFilters
    joins = ("kpi__outcome",)
    needs = {**WritableViewSet.needs, "withdraw": WRITE}

    def find(self, reference: str, queryset: QuerySet[Any] | None = None) -> Any:
        rows = self.get_queryset() if queryset is None else queryset
        if reference.startswith(BY_EXTERNAL_ID):
            rows = rows.filter(replaced_by__isnull=True)
        return super().find(reference, rows)

    def make(self, external_id: str, told: Told) -> Measurement:
        return measuring.create(
            external_id=external_id, told=told.values, source="api", actor=self.caller.actor, now=self.now
        )

    def update(self, request: Request, id: str) -> Response:
        if not id.startswith(BY_EXTERNAL_ID):
            return self.partial_update(request, id)
        told = self._told(request)
        external_id = id.removeprefix(BY_EXTERNAL_ID)
        locks.hold(f"{self.resource}:{external_id}")
        try:
            row = self.find(id)
        except Http404:
            made = self._make_unless_taken(external_id, told)
            return self._created(made if made is not None else self.find(id))
        return self._corrected(row, told)

    def partial_update(self, request: Request, id: str) -> Response:
        return self._corrected(self.find(id), self._told(request))

    @extend_schema(
        summary="Withdraw a measurement",
        description="Recorded by mistake: it counts for nothing from now on, and stays for the days before.",
        request=ReasonSerializer,
        responses=MeasurementSerializer,
    )
    def withdraw(self, request: Request, id: str) -> Response:
        row = self.find(id)
        reason = _reason(request)
        with answered():
            measuring.withdraw_measurement(measurement_id=row.pk, reason=reason, actor=self.caller.actor, now=self.now)
        return self.shown(self.find(str(row.pk)))

    def _corrected(self, row: Measurement, told: Told) -> Response:
        with answered():
            new = measuring.correct_measurement(
                measurement_id=row.pk, told=told.values, source="api", actor=self.caller.actor, now=self.now
            )
        return self.shown(self.find(str(new.pk)))


def _reason(request: Request) -> str:
    serializer = ReasonSerializer(data=request.data)
    refuse_unknown(request.data, set(serializer.fields))
    serializer.is_valid(raise_exception=True)
    reason: str = serializer.validated_data["reason"]
    return reason
