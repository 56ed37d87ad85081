"""``/api/v1/customers/{id}/health/override/``: a person's word over a score."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.access import WRITE, Need
from accounts.api.base import RecordViewSet
from accounts.api.writing import answered, refuse_unknown
from accounts.models import Customer
from csplatform.core.rest.fields import Instant
from health import tasks
from health.models.overrides import OverrideBand
from health.services import overrides


class OverrideSerializer(serializers.Serializer[Any]):
    """A band set by hand, by whom, why and until when."""

    id = serializers.UUIDField(read_only=True)
    band = serializers.ChoiceField(choices=OverrideBand.choices, read_only=True)
    reason = serializers.CharField(read_only=True)
    from_day = serializers.DateField(read_only=True)
    expires_on = serializers.DateField(read_only=True, help_text="The last day on which it holds.")
    known_at = Instant(read_only=True)
    by = serializers.CharField(source="by_label", read_only=True)


class OverrideWriteSerializer(serializers.Serializer[Any]):
    band = serializers.ChoiceField(choices=OverrideBand.choices)
    reason = serializers.CharField(max_length=overrides.LONGEST_REASON)
    from_day = serializers.DateField(required=False, help_text="Today (UTC) unless told.")
    expires_on = serializers.DateField(
        help_text=f"The last day on which it holds, at most {overrides.LONGEST.days} days after it begins."
    )


class HealthOverrideViewSet(RecordViewSet):
    """The band of one customer, set by hand."""

    model = Customer
    has_external_id = True
    filter_backends = []
    pagination_class = None
    serializer_class = OverrideSerializer
    needs: ClassVar[Mapping[str, Need]] = {"begin": WRITE, "end": WRITE}

    @extend_schema(
        summary="Read the override of a customer's health",
        description="The one that stands over the present score; 404 where there is none.",
    )
    def read(self, request: Request, id: str) -> Response:
        found = overrides.in_force(self.find(id).pk, self.now.date())
        if found is None:
            raise Http404
        return self.shown(found)

    @extend_schema(
        summary="Override a customer's health",
        description="The score is brought into the band named by a driver of its own, `override`: no measure's points "
        "change. It takes the place of one set before. Closed days stay as they were.",
        request=OverrideWriteSerializer,
        responses={201: OverrideSerializer},
    )
    def begin(self, request: Request, id: str) -> Response:
        customer: Customer = self.find(id)
        form = OverrideWriteSerializer(data=request.data)
        refuse_unknown(request.data, {*form.fields})
        form.is_valid(raise_exception=True)
        made = overrides.set_override(
            customer_id=customer.pk, by=self.caller.actor, now=self.now, **form.validated_data
        )
        tasks.refresh_soon(self.caller.workspace.pk)
        return self.shown(made, 201)

    @extend_schema(
        summary="End the override of a customer's health",
        description="The present score follows the measures again; days that have closed keep what they said.",
        responses={204: None},
    )
    def end(self, request: Request, id: str) -> Response:
        customer: Customer = self.find(id)
        with answered():
            overrides.end_override(customer_id=customer.pk, by=self.caller.actor, now=self.now)
        tasks.refresh_soon(self.caller.workspace.pk)
        return Response(status=204)
