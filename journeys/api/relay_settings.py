"""``/api/v1/relay-templates/``: which moves take a handover; ``/api/v1/working-days/``: when the workspace works"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import django_filters
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.access import CONFIGURE, Need
from accounts.api.base import RecordViewSet, WorkspaceViewSet
from accounts.api.writing import answered, refuse_unknown
from accounts.roles import Department
from csplatform.core.rest.problems import invalid
from journeys.models import RelayTemplate, Stage
from journeys.selectors import working
from journeys.services import relay_templates, working_calendar
from journeys.services.relay_templates import Line


class LineSerializer(serializers.Serializer[Any]):
    """A line of the checklist. `is_required`: the handover cannot be accepted before it is ticked."""

    text = serializers.CharField(max_length=300)
    is_required = serializers.BooleanField(source="required", default=False)


class RelayTemplateSerializer(serializers.Serializer[Any]):
    """Moving on from one stage to another takes this handover. Stages by key; `items` are told whole."""

    id = serializers.UUIDField(read_only=True)
    from_stage = serializers.CharField(source="from_stage.key", max_length=60)
    to_stage = serializers.CharField(source="to_stage.key", max_length=60)
    giver_department = serializers.ChoiceField(choices=Department.choices)
    taker_department = serializers.ChoiceField(choices=Department.choices)
    due_working_days = serializers.IntegerField(min_value=0, max_value=relay_templates.MOST_DAYS, required=False)
    items = LineSerializer(many=True, required=False)


class RelayTemplateFilters(django_filters.FilterSet):
    from_stage = django_filters.CharFilter(field_name="from_stage__key")
    to_stage = django_filters.CharFilter(field_name="to_stage__key")
    giver_department = django_filters.ChoiceFilter(choices=Department.choices)
    taker_department = django_filters.ChoiceFilter(choices=Department.choices)


@extend_schema_view(
    list=extend_schema(summary="List points of handover", description="Which moves take a handover, and of what."),
    retrieve=extend_schema(summary="Read a point of handover", description="By its id."),
)
class RelayTemplateViewSet(RecordViewSet):
    model = RelayTemplate
    serializer_class = RelayTemplateSerializer
    filterset_class = RelayTemplateFilters
    joins = ("from_stage", "to_stage")
    prefetches: ClassVar[tuple[Any, ...]] = ("items",)
    needs: ClassVar[Mapping[str, Need]] = {"create": CONFIGURE, "partial_update": CONFIGURE, "destroy": CONFIGURE}

    @extend_schema(
        summary="Let a move take a handover",
        description="Both stages and both departments are required. It counts from the next offer on.",
        request=RelayTemplateSerializer,
        responses={201: RelayTemplateSerializer},
    )
    def create(self, request: Request) -> Response:
        return self.shown(self._saved(None, self._told(request, partial=False)), 201)

    @extend_schema(
        summary="Change a point of handover",
        description="The fields told are changed; `items` replaces the checklist. Handovers offered keep theirs.",
        request=RelayTemplateSerializer,
        responses=RelayTemplateSerializer,
    )
    def partial_update(self, request: Request, id: str) -> Response:
        told = self._told(request, partial=True)
        return self.shown(self._saved(self.find(id), told))

    @extend_schema(
        summary="Let a move be free",
        description="The move takes no handover any more; those already offered go on.",
        request=None,
        responses={204: None},
    )
    def destroy(self, request: Request, id: str) -> Response:
        with answered():
            relay_templates.remove(template_id=self.find(id).pk, actor=self.caller.actor, now=self.now)
        return Response(status=204)

    def _told(self, request: Request, *, partial: bool) -> dict[str, Any]:
        serializer = RelayTemplateSerializer(data=request.data, partial=partial)
        refuse_unknown(request.data, set(serializer.fields))
        serializer.is_valid(raise_exception=True)
        told = dict(serializer.validated_data)
        stages = {stage.key: stage for stage in Stage.objects.all()}
        for name in ("from_stage", "to_stage"):
            if name in told and (key := told[name]["key"]) not in stages:
                raise invalid([(name, _("“%(key)s” is no stage; there are: %(known)s") % _words(key, stages))])
            if name in told:
                told[name] = stages[told[name]["key"]]
        return told

    def _saved(self, template: RelayTemplate | None, told: dict[str, Any]) -> RelayTemplate:
        names = ("from_stage", "to_stage", "giver_department", "taker_department", "due_working_days")
        present = {name: getattr(template, name) for name in names} if template else {"due_working_days": 3}
        lines = told.pop("items", None)
        if lines is None:
            lines = (
                [{"text": each.text, "required": each.required} for each in template.items.all()] if template else []
            )
        with answered():
            saved = relay_templates.save(
                template_id=template.pk if template else None,
                items=[Line(each["text"], each["required"]) for each in lines],
                actor=self.caller.actor,
                now=self.now,
                **{**present, **told},
            )
        found: RelayTemplate = self.find(str(saved.pk))
        return found


class HolidaySerializer(serializers.Serializer[Any]):
    day = serializers.DateField()
    name = serializers.CharField(max_length=120, required=False, allow_blank=True, default="")


class WorkingDaysSerializer(serializers.Serializer[Any]):
    """When the workspace works, in its time zone. `weekend`: days off every week, Monday is 0."""

    time_zone = serializers.CharField(read_only=True)
    weekend = serializers.ListField(child=serializers.IntegerField(min_value=0, max_value=6), max_length=7)
    opens = serializers.TimeField(format="%H:%M")
    closes = serializers.TimeField(format="%H:%M")
    holidays = HolidaySerializer(many=True)


class WorkingDaysViewSet(WorkspaceViewSet):
    """One for a workspace."""

    filter_backends = []
    pagination_class = None
    needs: ClassVar[Mapping[str, Need]] = {"change": CONFIGURE}

    @extend_schema(
        summary="Read the working days", description="Hours, weekend and days off.", responses=WorkingDaysSerializer
    )
    def read(self, request: Request) -> Response:
        return self._answered()

    @extend_schema(
        summary="Change the working days",
        description="What is left out keeps its value; `holidays` are told whole. Due dates already given stay.",
        request=WorkingDaysSerializer,
        responses=WorkingDaysSerializer,
    )
    def change(self, request: Request) -> Response:
        serializer = WorkingDaysSerializer(data=request.data, partial=True)
        refuse_unknown(request.data, set(serializer.fields))
        serializer.is_valid(raise_exception=True)
        told = dict(serializer.validated_data)
        calendar = working.calendar_of()
        days = told.pop("holidays", [{"day": each.day, "name": each.name} for each in working.holidays()])
        working_calendar.save(
            **{"weekend": calendar.weekend, "opens": calendar.opens, "closes": calendar.closes, **told},
            holidays={each["day"]: each.get("name", "") for each in days},
            actor=self.caller.actor,
            now=self.now,
        )
        return self._answered()

    def _answered(self) -> Response:
        calendar = working.calendar_of()
        shown = {
            "time_zone": self.caller.workspace.time_zone,
            "weekend": calendar.weekend,
            "opens": calendar.opens,
            "closes": calendar.closes,
            "holidays": working.holidays(),
        }
        return Response(WorkingDaysSerializer(shown).data)


def _words(key: str, stages: Mapping[str, Stage]) -> dict[str, str]:
    return {"key": key, "known": ", ".join(stages)}
