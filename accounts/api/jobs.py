"""``/api/v1/jobs/``"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import django_filters
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers

from accounts.api.base import RecordViewSet
from csplatform.core.models import Job, JobState
from csplatform.core.rest.fields import Instant


class JobSerializer(serializers.Serializer[Any]):
    """Long work: how far it is, how long it will take, and its result, which stays."""

    id = serializers.UUIDField(read_only=True)
    kind = serializers.CharField(read_only=True)
    state = serializers.ChoiceField(choices=JobState.choices, read_only=True)
    done = serializers.IntegerField(read_only=True)
    total = serializers.IntegerField(read_only=True)
    eta_seconds = serializers.SerializerMethodField(help_text="Null before anything is done, and when finished.")
    result = serializers.DictField(read_only=True)
    message = serializers.CharField(read_only=True)
    created_at = Instant(read_only=True)
    started_at = Instant(read_only=True, allow_null=True)
    finished_at = Instant(read_only=True, allow_null=True)

    def get_eta_seconds(self, row: Job) -> int | None:
        now: datetime = self.context["now"]
        return row.eta_seconds(now)


class JobFilters(django_filters.FilterSet):
    kind = django_filters.CharFilter()
    state = django_filters.ChoiceFilter(choices=JobState.choices)


@extend_schema_view(
    list=extend_schema(summary="List jobs", description="Long work of this workspace, the newest first."),
    retrieve=extend_schema(summary="Read a job", description="State and progress of one job."),
)
class JobViewSet(RecordViewSet):
    model = Job
    serializer_class = JobSerializer
    filterset_class = JobFilters
    default_ordering = "-id"
