"""``/api/v1/customers/{id}/judgements/``"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.access import WRITE, Need
from accounts.api.base import RecordViewSet
from accounts.api.writing import refuse_unknown
from accounts.models import Customer
from csplatform.core.rest.fields import Instant
from csplatform.core.rest.paging import BY_ID, Order
from health.models import Judgement
from health.services import judging


class JudgementSerializer(serializers.Serializer[Any]):
    """How somebody judged a customer. The newest speaks, until its last day."""

    id = serializers.UUIDField(read_only=True)
    score = serializers.IntegerField(read_only=True, help_text="From 1 (bad) to 5 (good).")
    reason = serializers.CharField(read_only=True)
    until = serializers.DateField(read_only=True, help_text="The last day (UTC) on which it says anything.")
    made_at = Instant(read_only=True)
    by = serializers.CharField(source="actor_label", read_only=True)


class JudgementWriteSerializer(serializers.Serializer[Any]):
    """A judgement of one's own. It stays on record when another follows."""

    score = serializers.IntegerField(min_value=1, max_value=5)
    reason = serializers.CharField(max_length=judging.MOST_WORDS)
    until = serializers.DateField(required=False, help_text=f"{judging.USUAL.days} days ahead when left out.")


class JudgementFilters(django_filters.FilterSet):
    """A list that is narrowed by its address alone."""


@extend_schema_view(
    list=extend_schema(summary="List judgements of a customer", description="What CSMs thought of it, newest first."),
    create=extend_schema(
        summary="Judge a customer",
        description="From 1 to 5, with the reason and a last day. Measures of the source `judgement` read it.",
        request=JudgementWriteSerializer,
        responses={201: JudgementSerializer},
        examples=[
            OpenApiExample(
                "A judgement",
                request_only=True,
                value={"score": 2, "reason": "The new management looks at others", "until": "2027-01-31"},
            )
        ],
    ),
)
class JudgementViewSet(RecordViewSet):
    model = Judgement
    serializer_class = JudgementSerializer
    filterset_class = JudgementFilters
    needs: ClassVar[Mapping[str, Need]] = {"create": WRITE}
    orders: ClassVar[dict[str, Order]] = {**BY_ID, "made_at": Order("made_at")}
    default_ordering = "-made_at"
    has_external_id = True

    def get_queryset(self) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset().filter(customer=self.customer)
        return rows

    def list(self, request: Request, id: str) -> Response:  # type: ignore[override]  # the address names the parent, too
        self.customer = self.find(id, Customer.objects.all())
        return super().list(request)

    def create(self, request: Request, id: str) -> Response:
        customer = self.find(id, Customer.objects.all())
        form = JudgementWriteSerializer(data=request.data)
        refuse_unknown(request.data, {*form.fields})
        form.is_valid(raise_exception=True)
        told = {"until": None, **form.validated_data}
        made = judging.judge(customer=customer, actor=self.caller.actor, now=self.now, **told)
        return self.shown(made, 201)
