"""``/api/v1/churn-settings/``"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.access import CONFIGURE, Need
from accounts.api.base import WorkspaceViewSet
from accounts.api.writing import answered, refuse_unknown
from csplatform.core.rest.fields import Instant
from health import tasks
from health.services import promotion
from health.services import settings_of_churn as service


class RiskInForceSerializer(serializers.Serializer[Any]):
    """Who tells the risk at present. A model looks as far ahead as it was trained to until another takes its place."""

    method = serializers.ChoiceField(choices=["model", "rules"])
    model = serializers.IntegerField(allow_null=True, help_text="The model's number.")
    horizon_days = serializers.IntegerField()


class ChurnSettingsSerializer(serializers.Serializer[Any]):
    """What the workspace wants of churn risk."""

    horizon_days = serializers.IntegerField(
        min_value=service.SHORTEST_HORIZON,
        max_value=service.LONGEST_HORIZON,
        help_text="Days ahead within which a churn counts.",
    )
    capacity = serializers.IntegerField(
        min_value=1,
        max_value=service.MOST_CAPACITY,
        allow_null=True,
        help_text="Customers the team can look after at a time; null: a tenth of them.",
    )
    retrains = serializers.BooleanField(help_text="Whether a model is trained anew every four weeks.")
    set_at = Instant(read_only=True, allow_null=True, help_text="null: as it comes.")
    set_by = serializers.CharField(read_only=True)
    in_force = RiskInForceSerializer(read_only=True)


class RetireSerializer(serializers.Serializer[Any]):
    """Which model."""

    model = serializers.IntegerField(min_value=1, max_value=2_147_483_647, help_text="The number of the one in force.")


class ChurnSettingsViewSet(WorkspaceViewSet):
    """One for a workspace."""

    filter_backends = []
    pagination_class = None
    needs: ClassVar[Mapping[str, Need]] = {"change": CONFIGURE, "retire": CONFIGURE}

    @extend_schema(
        summary="Read how churn risk looks ahead",
        description="What is wanted, and what is in force.",
        responses=ChurnSettingsSerializer,
    )
    def read(self, request: Request) -> Response:
        return self._answered()

    @extend_schema(
        summary="Change how churn risk looks ahead",
        description=(
            "What is left out keeps its value. Rules follow a new horizon at once; a model in force goes on until one "
            "trained for the new horizon has beaten the rules. Past days keep what was set then."
        ),
        request=ChurnSettingsSerializer,
        responses=ChurnSettingsSerializer,
    )
    def change(self, request: Request) -> Response:
        serializer = ChurnSettingsSerializer(data=request.data, partial=True)
        refuse_unknown(request.data, set(serializer.fields))
        serializer.is_valid(raise_exception=True)
        present = service.wanted()
        told = {name: getattr(present, name) for name in ("horizon_days", "capacity", "retrains")}
        with answered():
            service.change(**{**told, **serializer.validated_data}, actor=self.caller.actor, now=self.now)
        return self._answered()

    @extend_schema(
        summary="Take the model in force out of it",
        description=(
            "Rules tell the present risk again, as many days ahead as is wanted, until a new model has beaten them. "
            "What it told of past days stays. It is named by its number, so that nobody sends away one that came "
            "meanwhile."
        ),
        request=RetireSerializer,
        responses=ChurnSettingsSerializer,
    )
    def retire(self, request: Request) -> Response:
        serializer = RetireSerializer(data=request.data)
        refuse_unknown(request.data, set(serializer.fields))
        serializer.is_valid(raise_exception=True)
        with answered():
            run = promotion.retire(number=serializer.validated_data["model"], actor=self.caller.actor, now=self.now)
        tasks.enqueue(self.caller.workspace.pk, run.pk, shards=run.shards)
        return self._answered()

    def _answered(self) -> Response:
        wanted = service.wanted()
        shown = {
            "horizon_days": wanted.horizon_days,
            "capacity": wanted.capacity,
            "retrains": wanted.retrains,
            "set_at": wanted.set_at,
            "set_by": wanted.set_by_label,
            "in_force": service.in_force(),
        }
        return Response(ChurnSettingsSerializer(shown).data)
