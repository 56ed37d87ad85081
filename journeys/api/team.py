"""``/api/v1/team/responsibilities/``, ``…/tempo/`` and ``…/workload/``"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, timedelta
from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.base import WorkspaceViewSet
from accounts.roles import Department
from csplatform.core.rest.fields import Instant, Money
from csplatform.core.rest.problems import invalid
from journeys.models import Phase
from journeys.selectors import team, tempo, workload

DAYS = 90
_LONGEST = 3_660


class PartSerializer(serializers.Serializer[Any]):
    """What a department does at a stage. `is_default`: not yet said in the workspace's own words."""

    department = serializers.ChoiceField(choices=Department.choices)
    words = serializers.CharField()
    is_default = serializers.BooleanField()


class StagePartsSerializer(serializers.Serializer[Any]):
    stage = serializers.CharField(source="stage.key")
    phase = serializers.ChoiceField(source="stage.phase.value", choices=Phase.choices)
    carried_by = serializers.CharField(source="stage.department", help_text="A department; empty: nobody yet.")
    parts = PartSerializer(many=True)


class ResponsibilitiesSerializer(serializers.Serializer[Any]):
    results = StagePartsSerializer(many=True)


class FigureSerializer(serializers.Serializer[Any]):
    """A figure of the period. `actual`: the median of `cases` in days (of handovers in working days), of `contacts`
    the mean per customer and 30 days, where cases are customers. `waiting`: unanswered past the target."""

    measure = serializers.ChoiceField(choices=[(each.value, each.value) for each in tempo.Measure])
    stage = serializers.CharField(source="stage.key", default=None, allow_null=True)
    target = serializers.FloatField(allow_null=True)
    actual = serializers.FloatField(allow_null=True)
    cases = serializers.IntegerField()
    within = serializers.IntegerField(allow_null=True)
    waiting = serializers.IntegerField()
    share = serializers.FloatField(allow_null=True, help_text="Of cases and waiting ones, those within the target.")
    is_kept = serializers.BooleanField(allow_null=True)


class DepartmentSerializer(serializers.Serializer[Any]):
    department = serializers.ChoiceField(choices=Department.choices)
    people = serializers.IntegerField()
    figures = FigureSerializer(many=True)


class TempoSerializer(serializers.Serializer[Any]):
    first = serializers.DateField()
    last = serializers.DateField()
    departments = DepartmentSerializer(many=True)


class LoadSerializer(serializers.Serializer[Any]):
    """What one person has on their hands today."""

    member_id = serializers.UUIDField(source="member.pk")
    email = serializers.EmailField(source="member.user.email")
    name = serializers.CharField(source="member.user.name")
    department = serializers.ChoiceField(source="member.department", choices=Department.choices)
    left_at = Instant(source="member.left_at", allow_null=True)
    customers = serializers.IntegerField(help_text="Held in the account team, each once, churned ones left out.")
    arr = Money("arr_minor", help_text="Of these customers.")
    covering = serializers.IntegerField(help_text="Customers looked after for a colleague who is away.")
    tasks = serializers.IntegerField(help_text="Open ones.")
    overdue = serializers.IntegerField()
    handovers = serializers.IntegerField(help_text="Offered to this person and waiting.")
    conversations = serializers.IntegerField(help_text=f"Of the last {workload.DAYS} days.")


class UnclaimedSerializer(serializers.Serializer[Any]):
    """What waits for anybody of a department."""

    department = serializers.ChoiceField(choices=Department.choices)
    tasks = serializers.IntegerField()
    handovers = serializers.IntegerField()


class WorkloadSerializer(serializers.Serializer[Any]):
    results = LoadSerializer(many=True)
    unclaimed = UnclaimedSerializer(many=True)


class _PeriodSerializer(serializers.Serializer[Any]):
    to = serializers.DateField(required=False)


# "from" is a word of the language and cannot be written as an attribute.
_PeriodSerializer._declared_fields["from"] = serializers.DateField(required=False)


class _WantedSerializer(serializers.Serializer[Any]):
    department = serializers.ChoiceField(
        choices=Department.choices,
        required=False,
        help_text="Only people of this department, and what nobody in it has.",
    )
    sort = serializers.ChoiceField(
        choices=[(each, each) for each in workload.Load.SORTS],
        required=False,
        help_text="What comes first, the most of it.",
    )


class TeamViewSet(WorkspaceViewSet):
    """How the departments share the work. The answers are whole: a workspace has hundreds of people at most."""

    filter_backends = []
    pagination_class = None

    @extend_schema(
        summary="Read responsibilities",
        description="Stage by stage: who carries it, and what every department does there.",
        responses=ResponsibilitiesSerializer,
    )
    def responsibilities(self, request: Request) -> Response:
        _told(request, serializers.Serializer)
        stages = [each for arm in team.arms() for each in arm.stages]
        return Response(ResponsibilitiesSerializer({"results": stages}).data)

    @extend_schema(
        summary="Read tempo and targets",
        description=f"Department by department, the last {DAYS} days unless told otherwise.",
        parameters=[
            OpenApiParameter("from", OpenApiTypes.DATE, description="First day (UTC), itself included."),
            OpenApiParameter("to", OpenApiTypes.DATE, description="Last day (UTC), itself included."),
        ],
        responses=TempoSerializer,
    )
    def tempo(self, request: Request) -> Response:
        told = _told(request, _PeriodSerializer)
        last = told.get("to") or max(self.now.astimezone(UTC).date(), told.get("from") or self.now.date())
        first = told.get("from") or last - timedelta(days=DAYS - 1)
        if first > last:
            raise invalid([("to", _("Lies before from."))])
        if (last - first).days >= _LONGEST or last.year > 2199:
            raise invalid([("from", _("At most %(days)d days at once.") % {"days": _LONGEST})])
        found = tempo.figures(tempo.Period(first, last), now=self.now)
        return Response(TempoSerializer({"first": first, "last": last, "departments": found}).data)

    @extend_schema(
        summary="Read workload",
        description="Everybody with what they have; those who left and still hold something come first.",
        parameters=[_WantedSerializer],
        responses=WorkloadSerializer,
    )
    def workload(self, request: Request) -> Response:
        told = _told(request, _WantedSerializer)
        loads = workload.loads(workspace=self.caller.workspace, now=self.now, **told)
        wanted = told.get("department")
        unclaimed = [each for each in workload.unclaimed() if wanted in (None, each.department)]
        body = WorkloadSerializer({"results": loads, "unclaimed": unclaimed}, context=self.get_serializer_context())
        return Response(body.data)


def _told(request: Request, shape: type[serializers.Serializer[Any]]) -> dict[str, Any]:
    """The parameters of the address, each as ``shape`` reads it; others are refused by name."""
    serializer = shape(data=request.query_params)
    _refuse(set(request.query_params) - set(serializer.fields), serializer.fields)
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)


def _refuse(unknown: set[str], known: Iterable[str]) -> None:
    if unknown:
        words = ", ".join(known) or _("none")
        raise invalid(
            [(name[:60], _("No such parameter. Known are %(known)s.") % {"known": words}) for name in sorted(unknown)]
        )
