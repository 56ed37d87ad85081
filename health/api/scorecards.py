"""``/api/v1/scorecards/``: for whom each scorecard is, and in which order they are asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import django_filters
from django.db.models import Exists, Max, OuterRef, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.access import CONFIGURE, Need
from accounts.api.base import RecordViewSet
from accounts.api.writing import answered, refuse_unknown
from csplatform.core.rest import conditional
from csplatform.core.rest.fields import Instant
from csplatform.core.rest.filters import TrueOrFalse
from csplatform.core.rest.problems import invalid
from health import tasks
from health.models import Scorecard, ScorecardDraft
from health.services import scorecards
from journeys.models import Macro


class ScorecardSerializer(serializers.Serializer[Any]):
    """How measures become a score, and for whom. What it says is in its versions.

    Of several the first by `position` whose rule holds for a customer scores it; the default one scores everybody else.
    """

    id = serializers.UUIDField(read_only=True)
    name = serializers.CharField(read_only=True)
    is_default = serializers.BooleanField(read_only=True)
    position = serializers.SerializerMethodField(help_text="From 1; null for the default one, which comes last.")
    macros = serializers.ListField(
        child=serializers.CharField(), read_only=True, help_text="Macro stages it is for; empty: any."
    )
    segment_id = serializers.UUIDField(
        read_only=True, allow_null=True, help_text="The segment it is for; null: everybody. Of a deleted one: nobody."
    )
    is_retired = serializers.SerializerMethodField(help_text="A retired one scores nobody; past days keep it.")
    latest_version = serializers.SerializerMethodField(help_text="Null: never published, so it scores nobody.")
    has_draft = serializers.SerializerMethodField()
    created_at = Instant(read_only=True)
    version = serializers.IntegerField(
        read_only=True, help_text="Counts changes of name and rule; what it says has versions of its own."
    )

    def get_position(self, row: Scorecard) -> int | None:
        return None if row.is_default else row.position

    def get_is_retired(self, row: Scorecard) -> bool:
        return row.retired_at is not None

    def get_latest_version(self, row: Any) -> int | None:
        latest: int | None = row.latest_version
        return latest

    def get_has_draft(self, row: Any) -> bool:
        return bool(row.drafted)


class ScorecardWriteSerializer(serializers.Serializer[Any]):
    """For whom a scorecard is, under which name. What it says is told to its draft."""

    name = serializers.CharField(max_length=scorecards.LONGEST_NAME, required=False)
    macros = serializers.ListField(
        child=serializers.ChoiceField(choices=Macro.choices),
        required=False,
        help_text="Only customers at one of these macro stages; empty: at any.",
    )
    segment_id = serializers.UUIDField(
        required=False, allow_null=True, help_text="Only customers in this shared segment; null: all."
    )
    position = serializers.IntegerField(
        required=False, min_value=1, max_value=1_000, help_text="Its place in the order; the others make room."
    )
    is_retired = serializers.BooleanField(required=False, help_text="Whether it scores nobody any more.")


class ScorecardFilters(django_filters.FilterSet):
    name = django_filters.CharFilter()
    is_default = TrueOrFalse(help_text="true or false.")


@extend_schema_view(
    list=extend_schema(summary="List scorecards", description="The scorecards of this workspace."),
    retrieve=extend_schema(summary="Read a scorecard", description="By its id."),
)
class ScorecardViewSet(RecordViewSet):
    model = Scorecard
    serializer_class = ScorecardSerializer
    needs: ClassVar[Mapping[str, Need]] = dict.fromkeys(("create", "partial_update", "destroy"), CONFIGURE)
    filterset_class = ScorecardFilters

    def get_queryset(self) -> QuerySet[Any]:
        drafted = Exists(ScorecardDraft.objects.filter(scorecard=OuterRef("pk")))
        cards: QuerySet[Any] = super().get_queryset().annotate(latest_version=Max("versions__version"), drafted=drafted)
        return cards

    @extend_schema(
        summary="Create a scorecard",
        description="It comes before the default one and after all others, and begins with a draft that says what the "
        "default one says. It scores nobody until its draft is published. `name` is required.",
        request=ScorecardWriteSerializer,
        responses={201: ScorecardSerializer},
    )
    def create(self, request: Request) -> Response:
        told = self._told(request)
        if "name" not in told:
            raise invalid([("name", _("This field is required."))])
        later: dict[str, Any] = {name: told.pop(name) for name in ("position", "retired_at") if name in told}
        made = scorecards.create(**told, actor=self.caller.actor, now=self.now)
        if later:
            scorecards.change(scorecard_id=made.pk, told=later, actor=self.caller.actor, now=self.now)
        address = request.build_absolute_uri(reverse("api-scorecards-record", kwargs={"id": str(made.pk)}))
        return self.shown(self.one(self.get_queryset(), pk=made.pk), 201, {"Location": address})

    @extend_schema(
        summary="Change for whom a scorecard is",
        description="The fields told are changed, at once and without a new version; everybody is scored anew where "
        "that can matter. Closed days keep the scorecard they had. The default one has no rule and stays last.",
        request=ScorecardWriteSerializer,
        responses=ScorecardSerializer,
    )
    def partial_update(self, request: Request, id: str) -> Response:
        card: Scorecard = self.find(id, Scorecard.objects.all())
        told = self._told(request)
        conditional.require_version(request, card.version)
        with answered():
            _changed, run = scorecards.change(
                scorecard_id=card.pk,
                told=told,
                actor=self.caller.actor,
                now=self.now,
                expected_version=card.version if "If-Match" in request.headers else None,
            )
        if run is not None:
            tasks.enqueue(self.caller.workspace.pk, run.pk, shards=run.shards)
        return self.shown(self.one(self.get_queryset(), pk=card.pk))

    @extend_schema(
        summary="Delete a scorecard",
        description="Only one that was never published; its draft goes with it. Retire the others: past days need "
        "what they said.",
        responses={204: None},
    )
    def destroy(self, request: Request, id: str) -> Response:
        card: Scorecard = self.find(id, Scorecard.objects.all())
        conditional.require_version(request, card.version)
        with answered():
            scorecards.remove(
                scorecard_id=card.pk,
                actor=self.caller.actor,
                now=self.now,
                expected_version=card.version if "If-Match" in request.headers else None,
            )
        return Response(status=204)

    def _told(self, request: Request) -> dict[str, Any]:
        form = ScorecardWriteSerializer(data=request.data)
        refuse_unknown(request.data, {*form.fields, *ScorecardSerializer().fields})
        form.is_valid(raise_exception=True)
        told = dict(form.validated_data)
        if "is_retired" in told:
            told["retired_at"] = self.now if told.pop("is_retired") else None
        return told
