"""``/api/v1/scorecards/{id}/versions/`` and ``…/draft/``: what a scorecard says, and what it may come to say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import django_filters
from django.db.models import QuerySet
from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.access import CONFIGURE, Need
from accounts.api.base import RecordViewSet
from accounts.api.writing import answered, refuse_unknown
from csplatform.core.rest import conditional
from csplatform.core.rest.fields import Instant, Real, shaped
from csplatform.core.rest.paging import BY_ID, Order
from health import tasks
from health.adjusting import CAPS, OPERATORS
from health.models import Scorecard, ScorecardDraft, ScorecardVersion
from health.scoring import LARGEST_WEIGHT, MOST_POINTS, SCORINGS
from health.services import definitions, drafts

_LABEL = {"type": "object", "additionalProperties": {"type": "string"}, "examples": [{"en": "Use"}]}
_OBJECT = {"type": "object", "additionalProperties": True}
_MATCH_DRAFT = OpenApiParameter("If-Match", str, "header", description="The `ETag` of the draft.")


class ScorecardVersionSerializer(serializers.Serializer[Any]):
    """What a scorecard said from ``published_at`` on: groups, measures with weights and curves, bands."""

    id = serializers.UUIDField(read_only=True)
    scorecard_id = serializers.UUIDField(read_only=True)
    version = serializers.IntegerField(read_only=True)
    content = shaped(serializers.JSONField, _OBJECT)(read_only=True)
    published_at = Instant(read_only=True)
    published_by = serializers.CharField(source="published_by_label", read_only=True)
    why = serializers.CharField(read_only=True, help_text="What whoever published it said of the reason.")
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
    scoring = serializers.ChoiceField(
        choices=SCORINGS,
        required=False,
        help_text="`linear`: straight lines between the points of the curve; `bands`: steps that begin at them.",
    )
    curve = serializers.ListField(
        child=serializers.ListField(child=Real(), min_length=2, max_length=2),
        min_length=1,
        max_length=MOST_POINTS,
        help_text="Pairs of value (rising) and share of the points (0 to 1); flat beyond the first and the last.",
    )


class GroupWriteSerializer(serializers.Serializer[Any]):
    key = serializers.SlugField(max_length=60)
    label = shaped(serializers.DictField, _LABEL)(help_text="By language, English at least.")  # type: ignore[assignment]  # a field of the interface, not DRF's attribute
    weight = Real(
        min_value=0,
        max_value=LARGEST_WEIGHT,
        required=False,
        allow_null=True,
        help_text="What the group counts, shared by its measures in proportion to their weights. Without one it "
        "counts what they count together.",
    )


class ExceptionWriteSerializer(serializers.Serializer[Any]):
    """Where this holds, the band is no better than `cap`, whatever the measures say."""

    key = serializers.SlugField(max_length=60)
    label = shaped(serializers.DictField, _LABEL)(help_text="By language, English at least.")  # type: ignore[assignment]  # a field of the interface, not DRF's attribute
    measure = serializers.CharField(max_length=60, help_text="Key of a measure on this scorecard, weight 0 included.")
    op = serializers.ChoiceField(choices=OPERATORS, help_text="How the measure's value compares with `value`.")
    value = Real(required=False, allow_null=True, help_text="In the measure's unit; not for `is_unknown`.")
    cap = serializers.ChoiceField(choices=CAPS)


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
    exceptions = ExceptionWriteSerializer(many=True, required=False)
    draft = serializers.BooleanField(default=False, help_text="Only look whether it could be published so.")
    why = serializers.CharField(max_length=drafts.LONGEST_WHY, required=False, allow_blank=True, default="")


class DraftWriteSerializer(serializers.Serializer[Any]):
    """What the draft shall say. What is left out is as in the version in force."""

    items = ItemWriteSerializer(many=True, required=False)
    groups = GroupWriteSerializer(many=True, required=False)
    bands = BandsWriteSerializer(required=False)
    min_coverage = Real(min_value=0, max_value=1, required=False)
    exceptions = ExceptionWriteSerializer(many=True, required=False)


class WhySerializer(serializers.Serializer[Any]):
    why = serializers.CharField(max_length=drafts.LONGEST_WHY, help_text="Why the scorecard changes, for people.")


class DraftProblemSerializer(serializers.Serializer[Any]):
    field = serializers.CharField()
    message = serializers.CharField()


class DraftSerializer(serializers.Serializer[Any]):
    """What the next version may come to say. It scores nobody until it is published."""

    content = shaped(serializers.JSONField, _OBJECT)(read_only=True)
    based_on = serializers.IntegerField(read_only=True, allow_null=True, help_text="The version it was begun from.")
    version = serializers.IntegerField(read_only=True, help_text="Counts its saves; the `ETag` holds it.")
    created_at = Instant(read_only=True)
    updated_at = Instant(read_only=True)
    updated_by = serializers.CharField(source="updated_by_label", read_only=True)
    problems = serializers.SerializerMethodField(help_text="What stands in the way of publishing it.")

    @extend_schema_field(DraftProblemSerializer(many=True))
    def get_problems(self, row: ScorecardDraft) -> list[dict[str, str]]:
        found = drafts.problems_of(row.scorecard, row.content)
        return [{"field": field, "message": text} for field, texts in found.items() for text in texts]


class ContentSerializer(serializers.Serializer[Any]):
    content = shaped(serializers.JSONField, _OBJECT)(read_only=True)


class NoFilters(django_filters.FilterSet):
    """A list that is narrowed by its address alone."""


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
    needs: ClassVar[Mapping[str, Need]] = {"create": CONFIGURE, "publish_draft": CONFIGURE}
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
        is_draft, why = told.pop("draft"), told.pop("why")
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
                why=why,
            )
        return self._published(published)

    @extend_schema(
        summary="Publish the draft of a scorecard",
        description="As a version in force from now on; days before keep the version they had. Everybody is scored "
        "anew (`job_id`), and the draft is gone. `why` is shown to whoever sees a score change.",
        request=WhySerializer,
        parameters=[_MATCH_DRAFT],
        responses={201: ScorecardVersionSerializer},
    )
    def publish_draft(self, request: Request, id: str) -> Response:
        card = self.scorecard = self._scorecard(id)
        form = WhySerializer(data=request.data)
        refuse_unknown(request.data, {*form.fields})
        form.is_valid(raise_exception=True)
        draft = self.one(ScorecardDraft.objects.filter(scorecard=card))
        conditional.require_version(request, draft.version)
        with answered():
            published = drafts.publish_draft(
                scorecard_id=card.pk,
                why=form.validated_data["why"],
                actor=self.caller.actor,
                now=self.now,
                expected_version=draft.version if "If-Match" in request.headers else None,
            )
        return self._published(published)

    def _published(self, published: definitions.Published) -> Response:
        tasks.enqueue(self.caller.workspace.pk, published.run.pk, shards=published.run.shards)
        row: Any = published.version
        row.job_id = published.run.job_id
        where = {"id": str(row.scorecard_id), "version": row.version}
        address = self.request.build_absolute_uri(reverse("api-scorecard-version", kwargs=where))
        return self.shown(row, 201, {"Location": address})

    def _scorecard(self, reference: str) -> Scorecard:
        found: Scorecard = self.find(reference, Scorecard.objects.all())
        return found


class ScorecardDraftViewSet(RecordViewSet):
    """The one draft of a scorecard."""

    model = ScorecardDraft
    serializer_class = DraftSerializer
    needs: ClassVar[Mapping[str, Need]] = {"save": CONFIGURE, "discard": CONFIGURE}
    filterset_class = NoFilters
    joins = ("scorecard",)

    @extend_schema(summary="Read the draft of a scorecard", description="404 where there is none.")
    def read(self, request: Request, id: str) -> Response:
        return self.shown(self.one(self.get_queryset(), scorecard=self._scorecard(id)))

    @extend_schema(
        summary="Save the draft of a scorecard",
        description="Begins it where there is none. It is kept even where it could not be published yet: `problems` "
        "says why not.",
        request=DraftWriteSerializer,
        responses=DraftSerializer,
    )
    def save(self, request: Request, id: str) -> Response:
        card = self._scorecard(id)
        form = DraftWriteSerializer(data=request.data)
        refuse_unknown(request.data, {*form.fields})
        form.is_valid(raise_exception=True)
        conditional.require_version(request, self._version(card))
        with answered():
            draft = drafts.save_draft(
                scorecard_id=card.pk,
                content=form.validated_data,
                actor=self.caller.actor,
                now=self.now,
                expected_version=self._expected(request, card),
            )
        return self.shown(draft)

    @extend_schema(
        summary="Discard the draft of a scorecard",
        description="The version in force stays as it is.",
        responses={204: None},
    )
    def discard(self, request: Request, id: str) -> Response:
        card = self._scorecard(id)
        draft = self.one(self.get_queryset(), scorecard=card)
        conditional.require_version(request, draft.version)
        with answered():
            drafts.discard_draft(
                scorecard_id=card.pk,
                actor=self.caller.actor,
                now=self.now,
                expected_version=self._expected(request, card),
            )
        return Response(status=204)

    def _expected(self, request: Request, card: Scorecard) -> int | None:
        is_asked = "If-Match" in request.headers or "If-None-Match" in request.headers
        return self._version(card) or 0 if is_asked else None

    @staticmethod
    def _version(card: Scorecard) -> int | None:
        draft = drafts.draft_of(card.pk)
        return draft.version if draft else None

    def _scorecard(self, reference: str) -> Scorecard:
        found: Scorecard = self.find(reference, Scorecard.objects.all())
        return found
