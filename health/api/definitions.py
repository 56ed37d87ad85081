"""``/api/v1/measures/``"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar
from uuid import UUID

import django_filters
from django.urls import reverse
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.access import CONFIGURE, Need
from accounts.api.base import RecordViewSet
from accounts.api.writing import answered, refuse_unknown
from csplatform.core.models import Job
from csplatform.core.rest import conditional
from csplatform.core.rest.fields import Instant, shaped
from csplatform.core.rest.paging import BY_ID, Order
from csplatform.core.rest.problems import invalid
from health import tasks
from health.comparison import COMPARISONS, FEWEST_WINDOWS
from health.models import Measure
from health.parsing import AGGREGATIONS, SOURCES, conditions, declared
from health.parsing.events import LONGEST_EVENT, LONGEST_WINDOW, MOST_EVENTS, MOST_WINDOWS, USUAL_WINDOWS
from health.services import counting, definitions
from health.streams import stream_for

_LABEL = {"type": "object", "additionalProperties": {"type": "string"}, "examples": [{"en": "Days active per week"}]}
_OBJECT = {"type": "object", "additionalProperties": True}
_CONDITION = {
    "type": "object",
    "properties": {"property": {"type": "string"}, "is": {"type": "string"}, "value": {}},
    "required": ["is"],
}


_FURTHER = {
    "channel": "Of engagements: on which channel; any when left out.",
    "direction": "Of engagements: in which direction; any when left out.",
    "key": "Of attribute: the key of a custom attribute that holds a number.",
    "state": "Of adoption: the people in which state; in habit when left out.",
    "priority": "Of tickets: of which priority; any when left out.",
    "kind": "Of surveys: which score. `latest` takes each person's latest answer, `mean` every answer.",
}


def _further(name: str) -> serializers.Field[Any, Any, Any, Any]:
    values, said = declared.PARTS[name], _FURTHER[name]
    if values:
        return serializers.ChoiceField(choices=values, required=False, help_text=said)
    return serializers.CharField(max_length=declared.LONGEST_TEXT, required=False, help_text=said)


class DefinitionSerializer(serializers.Serializer[Any]):
    """How a measure is counted. Which parts go together is said by the refusal of those that do not."""

    source = serializers.ChoiceField(choices=SOURCES)  # type: ignore[assignment]  # a field of the interface, not DRF's attribute
    aggregation = serializers.ChoiceField(choices=AGGREGATIONS)
    window_days = serializers.IntegerField(
        min_value=1,
        max_value=declared.LONGEST,
        required=False,
        help_text=f"Days that end with the day: of events 28 unless told, at most {LONGEST_WINDOW}; of surveys 365 "
        "unless told, after which an answer no longer speaks.",
    )
    scale = serializers.CharField(max_length=30, required=False, allow_blank=True)
    events = serializers.ListField(
        child=serializers.CharField(max_length=LONGEST_EVENT),
        max_length=MOST_EVENTS,
        required=False,
        allow_null=True,
        help_text="Names of events; every event when left out.",
    )
    where = serializers.ListField(
        child=shaped(serializers.DictField, _CONDITION)(),
        max_length=conditions.MOST,
        required=False,
        help_text="Conditions that all hold: `property` (left out: the event's own value), `is` "
        f"({', '.join(conditions.TESTS)}) and `value` (of one_of a list, of exists nothing).",
    )
    property = serializers.CharField(
        max_length=conditions.LONGEST_NAME,
        required=False,
        allow_blank=True,
        help_text="Of `sum` and `latest`: the property with the number; the event's own value when left out.",
    )
    habit_days = serializers.IntegerField(
        min_value=1, max_value=LONGEST_WINDOW, required=False, help_text="Of `habit`: on how many days of the window."
    )
    compare = serializers.ChoiceField(
        choices=COMPARISONS,
        required=False,
        allow_blank=True,
        help_text="With the window before, or with the median of earlier windows (the own normal).",
    )
    windows = serializers.IntegerField(
        min_value=FEWEST_WINDOWS,
        max_value=MOST_WINDOWS,
        required=False,
        help_text=f"How many earlier windows make the own normal; {USUAL_WINDOWS} unless told.",
    )

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """Those of events, and every further part that some other source knows."""
        return {**super().get_fields(), **{name: _further(name) for name in declared.PARTS}}

    def to_internal_value(self, data: Any) -> Any:
        refuse_unknown(data, {*self.fields}, under="definition.")
        return super().to_internal_value(data)


class MeasureSerializer(serializers.Serializer[Any]):
    """One thing looked at; ``definition`` says how it is counted."""

    id = serializers.UUIDField(read_only=True)
    key = serializers.CharField(read_only=True)
    label = shaped(serializers.JSONField, _LABEL)(read_only=True, help_text="By language.")  # type: ignore[assignment]  # a field of the interface, not DRF's attribute
    unit = serializers.CharField(read_only=True)
    definition = shaped(serializers.JSONField, _OBJECT)(read_only=True)
    created_at = Instant(read_only=True)
    updated_at = Instant(read_only=True)
    version = serializers.IntegerField(read_only=True)
    job_id = serializers.SerializerMethodField(
        help_text="The job that counts its events; null when all are counted. Until then no scorecard can take it up."
    )

    def get_job_id(self, row: Measure) -> UUID | None:
        waiting: dict[str, UUID] = self.context["counting"]
        stream = stream_for(row.definition) if waiting else None
        return waiting.get(stream.key) if stream else None


class MeasureWriteSerializer(serializers.Serializer[Any]):
    """What a measure looks at. Scores change when a scorecard that uses it is published."""

    key = serializers.SlugField(max_length=60, required=False, help_text="For good; required for a new one.")
    label = shaped(serializers.DictField, _LABEL)(  # type: ignore[assignment]  # a field of the interface, not DRF's attribute
        required=False, help_text="By language, English at least."
    )
    unit = serializers.CharField(max_length=40, required=False, allow_blank=True)
    definition = DefinitionSerializer(required=False)


class MeasureFilters(django_filters.FilterSet):
    key = django_filters.CharFilter()


@extend_schema_view(
    create=extend_schema(
        summary="Create a measure",
        description="`key`, `label` and `definition` are required. Where it looks at events that no measure looked at "
        "before, a job (`job_id`) counts them.",
        request=MeasureWriteSerializer,
        responses={201: MeasureSerializer},
    ),
    partial_update=extend_schema(
        summary="Change a measure",
        description="The fields told are changed. Scores follow when a scorecard is published with it.",
        request=MeasureWriteSerializer,
        responses=MeasureSerializer,
    ),
    list=extend_schema(summary="List measures", description="What scorecards are made of, a page at a time."),
    retrieve=extend_schema(summary="Read a measure", description="By its id."),
)
class MeasureViewSet(RecordViewSet):
    model = Measure
    serializer_class = MeasureSerializer
    needs: ClassVar[Mapping[str, Need]] = dict.fromkeys(("create", "partial_update", "destroy"), CONFIGURE)
    filterset_class = MeasureFilters
    orders: ClassVar[dict[str, Order]] = {**BY_ID, "key": Order("key")}

    def get_serializer_context(self) -> dict[str, Any]:
        context = super().get_serializer_context()
        return {**context, "counting": counting.under_way() if hasattr(self, "caller") else {}}

    def create(self, request: Request) -> Response:
        told = self._told(request)
        if "key" not in told:
            raise invalid([("key", _("This field is required."))])
        key = told.pop("key")
        measure, job = definitions.create_measure(key=key, told=told, actor=self.caller.actor, now=self.now)
        self._call_a_worker(job)
        address = request.build_absolute_uri(reverse("api-measures-record", kwargs={"id": str(measure.pk)}))
        return self.shown(measure, 201, {"Location": address})

    def partial_update(self, request: Request, id: str) -> Response:
        told = self._told(request)
        row: Measure = self.find(id)
        conditional.require_version(request, row.version)
        if told.pop("key", row.key) != row.key:
            raise invalid([("key", _("A key cannot be changed."))])
        with answered():
            measure, job = definitions.change_measure(
                measure_id=row.pk,
                told=told,
                actor=self.caller.actor,
                now=self.now,
                expected_version=row.version if "If-Match" in request.headers else None,
            )
        self._call_a_worker(job)
        return self.shown(measure)

    @extend_schema(
        summary="Delete a measure",
        description="One that no scorecard in force uses; versions of before carry their own copy. A draft that holds "
        "it says so among its problems.",
        responses={204: None},
    )
    def destroy(self, request: Request, id: str) -> Response:
        row: Measure = self.find(id)
        conditional.require_version(request, row.version)
        with answered():
            definitions.delete_measure(measure_id=row.pk, actor=self.caller.actor, now=self.now)
        return Response(status=204)

    def _call_a_worker(self, job: Job | None) -> None:
        if job is not None:
            tasks.count_soon(self.caller.workspace.pk, job.pk)

    def _told(self, request: Request) -> dict[str, Any]:
        form = MeasureWriteSerializer(data=request.data)
        refuse_unknown(request.data, {*form.fields, *MeasureSerializer().fields})
        form.is_valid(raise_exception=True)
        return dict(form.validated_data)
