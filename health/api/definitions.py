"""``/api/v1/measures/`` and ``/api/v1/scorecards/``"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar
from uuid import UUID

import django_filters
from django.db.models import Max, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.access import CONFIGURE, Need
from accounts.api.base import RecordViewSet
from accounts.api.writing import answered, refuse_unknown
from csplatform.core.models import Job
from csplatform.core.rest import conditional
from csplatform.core.rest.fields import Instant, Real, shaped
from csplatform.core.rest.filters import TrueOrFalse
from csplatform.core.rest.paging import BY_ID, Order
from csplatform.core.rest.problems import invalid
from health import tasks
from health.measures import STATE_DAYS
from health.models import Measure, Scorecard, ScorecardVersion
from health.parsing import AGGREGATIONS, SOURCES, declared
from health.parsing.events import LONGEST_EVENT, MOST_EVENTS
from health.scoring import LARGEST_WEIGHT, MOST_POINTS
from health.services import counting, definitions
from health.streams import stream_of

_LABEL = {"type": "object", "additionalProperties": {"type": "string"}, "examples": [{"en": "Days active per week"}]}
_OBJECT = {"type": "object", "additionalProperties": True}


_FURTHER = {
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
        help_text=f"Days that end with the day: of events 28 unless told, at most {STATE_DAYS}; of surveys 365 unless "
        "told, after which an answer no longer speaks.",
    )
    scale = serializers.CharField(max_length=30, required=False, allow_blank=True)
    events = serializers.ListField(
        child=serializers.CharField(max_length=LONGEST_EVENT),
        max_length=MOST_EVENTS,
        required=False,
        allow_null=True,
        help_text="Names of events; every event when left out.",
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
        if not waiting or row.definition["source"] != "events":
            return None
        return waiting.get(stream_of(row.definition.get("events")).key)


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
    needs: ClassVar[Mapping[str, Need]] = {"create": CONFIGURE, "partial_update": CONFIGURE}
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

    def _call_a_worker(self, job: Job | None) -> None:
        if job is not None:
            tasks.count_soon(self.caller.workspace.pk, job.pk)

    def _told(self, request: Request) -> dict[str, Any]:
        form = MeasureWriteSerializer(data=request.data)
        refuse_unknown(request.data, {*form.fields, *MeasureSerializer().fields})
        form.is_valid(raise_exception=True)
        return dict(form.validated_data)


class ScorecardSerializer(serializers.Serializer[Any]):
    """How measures become a score. What it says is in its versions."""

    id = serializers.UUIDField(read_only=True)
    name = serializers.CharField(read_only=True)
    is_default = serializers.BooleanField(read_only=True)
    latest_version = serializers.IntegerField(read_only=True, allow_null=True)
    created_at = Instant(read_only=True)


class ScorecardVersionSerializer(serializers.Serializer[Any]):
    """What a scorecard said from ``published_at`` on: groups, measures with weights and curves, bands."""

    id = serializers.UUIDField(read_only=True)
    scorecard_id = serializers.UUIDField(read_only=True)
    version = serializers.IntegerField(read_only=True)
    content = shaped(serializers.JSONField, _OBJECT)(read_only=True)
    published_at = Instant(read_only=True)
    published_by = serializers.CharField(source="published_by_label", read_only=True)
    job_id = serializers.UUIDField(
        read_only=True,
        allow_null=True,
        default=None,
        help_text="In the answer to publishing it: the job that scores everybody by it.",
    )


class ItemWriteSerializer(serializers.Serializer[Any]):
    """A measure's part in a scorecard."""

    measure = serializers.CharField(max_length=60, help_text="Key of a measure; it is taken as it is now.")
    group = serializers.CharField(max_length=60, help_text="Key of a group.")
    weight = Real(min_value=0, max_value=LARGEST_WEIGHT)
    curve = serializers.ListField(
        child=serializers.ListField(child=Real(), min_length=2, max_length=2),
        min_length=1,
        max_length=MOST_POINTS,
        help_text="Pairs of value (rising) and share of the points (0 to 1); straight lines between, flat beyond.",
    )


class GroupWriteSerializer(serializers.Serializer[Any]):
    key = serializers.SlugField(max_length=60)
    label = shaped(serializers.DictField, _LABEL)(help_text="By language, English at least.")  # type: ignore[assignment]  # a field of the interface, not DRF's attribute


class BandsWriteSerializer(serializers.Serializer[Any]):
    """The scores from which on a customer is healthy, or to be watched; below that it is at risk."""

    healthy = Real(min_value=0, max_value=100)
    watch = Real(min_value=0, max_value=100)


class VersionWriteSerializer(serializers.Serializer[Any]):
    """What the next version shall say. Everything but the items stays as it is when left out."""

    items = ItemWriteSerializer(many=True, allow_empty=False)
    groups = GroupWriteSerializer(many=True, allow_empty=False, required=False)
    bands = BandsWriteSerializer(required=False)
    min_coverage = Real(min_value=0, max_value=1, required=False)
    draft = serializers.BooleanField(default=False, help_text="Only look whether it could be published so.")


class ContentSerializer(serializers.Serializer[Any]):
    content = shaped(serializers.JSONField, _OBJECT)(read_only=True)


class ScorecardFilters(django_filters.FilterSet):
    name = django_filters.CharFilter()
    is_default = TrueOrFalse(help_text="true or false.")


class NoFilters(django_filters.FilterSet):
    """A list that is narrowed by its address alone."""


@extend_schema_view(
    list=extend_schema(summary="List scorecards", description="The scorecards of this workspace."),
    retrieve=extend_schema(summary="Read a scorecard", description="By its id."),
)
class ScorecardViewSet(RecordViewSet):
    model = Scorecard
    serializer_class = ScorecardSerializer
    filterset_class = ScorecardFilters

    def get_queryset(self) -> QuerySet[Any]:
        cards: QuerySet[Any] = super().get_queryset().annotate(latest_version=Max("versions__version"))
        return cards


@extend_schema_view(
    create=extend_schema(
        summary="Publish a version of a scorecard",
        description="In force from now on; days before keep the version they had. Everybody is scored anew (`job_id`). "
        "A `draft` is only checked, and answered with what would be published.",
        request=VersionWriteSerializer,
        parameters=[OpenApiParameter("If-Match", str, "header", description="The `ETag` of the version in force.")],
        responses={200: ContentSerializer, 201: ScorecardVersionSerializer},
    ),
    list=extend_schema(summary="List a scorecard's versions", description="Published versions, the newest first."),
)
class ScorecardVersionViewSet(RecordViewSet):
    model = ScorecardVersion
    serializer_class = ScorecardVersionSerializer
    needs: ClassVar[Mapping[str, Need]] = {"create": CONFIGURE}
    filterset_class = NoFilters
    orders: ClassVar[dict[str, Order]] = {**BY_ID, "version": Order("version")}
    default_ordering = "-version"

    def get_queryset(self) -> QuerySet[Any]:
        return super().get_queryset().filter(scorecard_id=self.scorecard.pk)

    def list(self, request: Request, id: str) -> Response:  # type: ignore[override]  # the address names the parent, too
        self.scorecard = self._scorecard(id)
        return super().list(request)

    @extend_schema(summary="Read a version of a scorecard", description="By its number.")
    def retrieve(self, request: Request, id: str, version: int) -> Response:  # type: ignore[override]  # the address names the parent, too
        self.scorecard = self._scorecard(id)
        return self.shown(self.one(self.get_queryset(), version=version))

    def create(self, request: Request, id: str) -> Response:
        card = self.scorecard = self._scorecard(id)
        form = VersionWriteSerializer(data=request.data)
        refuse_unknown(request.data, {*form.fields})
        form.is_valid(raise_exception=True)
        told = dict(form.validated_data)
        is_draft = told.pop("draft")
        draft = definitions.Draft(**told)
        with answered():
            latest: ScorecardVersion = self.get_queryset().latest("version")
        conditional.require_version(request, latest.version)
        if is_draft:
            return Response({"content": definitions.content_of(card, draft)})
        with answered():
            published = definitions.publish(
                scorecard_id=card.pk,
                draft=draft,
                actor=self.caller.actor,
                now=self.now,
                expected_version=latest.version if "If-Match" in request.headers else None,
            )
        tasks.enqueue(self.caller.workspace.pk, published.run.pk, shards=published.run.shards)
        row: Any = published.version
        row.job_id = published.run.job_id
        where = {"id": str(card.pk), "version": row.version}
        address = request.build_absolute_uri(reverse("api-scorecard-version", kwargs=where))
        return self.shown(row, 201, {"Location": address})

    def _scorecard(self, reference: str) -> Scorecard:
        found: Scorecard = self.find(reference, Scorecard.objects.all())
        return found
