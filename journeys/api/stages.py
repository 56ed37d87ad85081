"""``/api/v1/stages/``"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import django_filters
from django.db.models import QuerySet
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.access import CONFIGURE, Need
from accounts.api.base import RecordViewSet
from accounts.api.writing import answered, refuse_unknown
from accounts.roles import Department
from csplatform.core.rest import conditional
from csplatform.core.rest.fields import shaped
from csplatform.core.rest.paging import BY_ID, Order
from csplatform.core.rest.problems import invalid
from journeys.models import CriterionKind, Macro, Phase, Stage
from journeys.services import asking, stages

_CRITERION = {
    "type": "object",
    "properties": {"kind": {"type": "string", "enum": list(CriterionKind.values)}},
    "required": ["kind"],
    "additionalProperties": {"type": ["string", "number"]},
}
_CRITERIA = {"type": "array", "items": _CRITERION}
_MACRO_WORDS = "Which of the eight macro stages it belongs to; for good once somebody stood there."


class StageSerializer(serializers.Serializer[Any]):
    """One of the workspace's own stages, with the macro stage and the phase it belongs to, and what it asks for."""

    id = serializers.UUIDField(read_only=True)
    key = serializers.CharField(read_only=True)
    name = serializers.CharField(read_only=True)
    macro = serializers.ChoiceField(choices=Macro.choices, read_only=True)
    phase = serializers.ChoiceField(choices=Phase.choices, read_only=True)
    order = serializers.IntegerField(read_only=True)
    description = serializers.CharField(read_only=True)
    department = serializers.CharField(read_only=True)
    expected_days = serializers.IntegerField(read_only=True, allow_null=True)
    entry = serializers.SerializerMethodField(help_text="What must hold before it is entered.")
    exit = serializers.SerializerMethodField(help_text="What must hold before it is left forwards.")
    version = serializers.IntegerField(read_only=True)

    @extend_schema_field(_CRITERIA)
    def get_entry(self, row: Stage) -> list[dict[str, Any]]:
        return _side(row, "entry")

    @extend_schema_field(_CRITERIA)
    def get_exit(self, row: Stage) -> list[dict[str, Any]]:
        return _side(row, "exit")


def _side(row: Stage, side: str) -> list[dict[str, Any]]:
    return [{"kind": each.kind, **each.params} for each in row.criteria.all() if each.side == side]


class StageWriteSerializer(serializers.Serializer[Any]):
    """The fields of a stage that can be written. What is left out keeps its value."""

    key = serializers.CharField(max_length=60, required=False, help_text="For good; made of the name when left out.")
    name = serializers.CharField(max_length=120, required=False)
    macro = serializers.ChoiceField(choices=Macro.choices, required=False, help_text=_MACRO_WORDS)
    order = serializers.IntegerField(min_value=0, max_value=stages.MOST_STAGES, required=False)
    description = serializers.CharField(max_length=500, required=False, allow_blank=True)
    department = serializers.ChoiceField(choices=Department.choices, required=False, allow_blank=True)
    expected_days = serializers.IntegerField(min_value=1, max_value=3_650, required=False, allow_null=True)
    entry = shaped(serializers.ListField, _CRITERIA)(
        child=serializers.DictField(), max_length=asking.MOST_CRITERIA, required=False
    )
    exit = shaped(serializers.ListField, _CRITERIA)(
        child=serializers.DictField(), max_length=asking.MOST_CRITERIA, required=False
    )


class StageFilters(django_filters.FilterSet):
    key = django_filters.CharFilter()
    macro = django_filters.ChoiceFilter(choices=Macro.choices)


@extend_schema_view(
    list=extend_schema(summary="List stages", description="The stages of this workspace in use, in their order."),
    retrieve=extend_schema(summary="Read a stage", description="By its id."),
)
class StageViewSet(RecordViewSet):
    model = Stage
    serializer_class = StageSerializer
    needs: ClassVar[Mapping[str, Need]] = {"create": CONFIGURE, "partial_update": CONFIGURE, "destroy": CONFIGURE}
    filterset_class = StageFilters
    orders: ClassVar[dict[str, Order]] = {**BY_ID, "order": Order("order")}
    default_ordering = "order"
    prefetches: ClassVar[tuple[Any, ...]] = ("criteria",)

    def get_queryset(self) -> QuerySet[Any]:
        return super().get_queryset().filter(retired_at__isnull=True)

    @extend_schema(
        summary="Add a stage",
        description="`name` and `macro` are required. Without `order` it comes behind those of its macro stage.",
        request=StageWriteSerializer,
        responses={201: StageSerializer},
    )
    def create(self, request: Request) -> Response:
        told = self._told(request)
        for name in ("name", "macro"):
            if name not in told:
                raise invalid([(name, "This field is required.")])
        stage = stages.create(**told, actor=self.caller.actor, now=self.now)
        address = request.build_absolute_uri(reverse("api-stages-record", kwargs={"id": str(stage.pk)}))
        return self.shown(self.find(str(stage.pk)), 201, {"Location": address})

    @extend_schema(
        summary="Change a stage",
        description="The fields told are changed; `entry` and `exit` replace what was asked for on that side.",
        request=StageWriteSerializer,
        responses=StageSerializer,
    )
    def partial_update(self, request: Request, id: str) -> Response:
        told = self._told(request)
        stage = self.find(id)
        conditional.require_version(request, stage.version)
        if told.pop("key", stage.key) != stage.key:
            raise invalid([("key", "A key is for good.")])
        expected = stage.version if "If-Match" in request.headers else None
        with answered():
            stages.update(
                stage_id=stage.pk, told=told, expected_version=expected, actor=self.caller.actor, now=self.now
            )
        return self.shown(self.find(id))

    @extend_schema(
        summary="Retire a stage",
        description="Whoever stands there is moved to `target`, as a move in their history; without customers it needs "
        "none. What happened there stays.",
        parameters=[OpenApiParameter("target", OpenApiTypes.STR, description="Key of the stage that takes over.")],
        responses={204: None},
    )
    def destroy(self, request: Request, id: str) -> Response:
        stage = self.find(id)
        conditional.require_version(request, stage.version)
        expected = stage.version if "If-Match" in request.headers else None
        with answered():
            stages.retire(
                stage_id=stage.pk,
                target_key=request.query_params.get("target") or None,
                expected_version=expected,
                actor=self.caller.actor,
                now=self.now,
            )
        return Response(status=204)

    def _told(self, request: Request) -> dict[str, Any]:
        serializer = StageWriteSerializer(data=request.data, context=self.get_serializer_context())
        refuse_unknown(request.data, {*serializer.fields, *self.serializer_class().fields})
        serializer.is_valid(raise_exception=True)
        told = dict(serializer.validated_data)
        sides = {side: told.pop(side) for side in ("entry", "exit") if side in told}
        return {**told, "criteria": sides} if sides else told
