"""``/api/v1/members/``"""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers

from accounts.api.base import RecordViewSet
from accounts.models import Membership
from accounts.roles import Department, Role
from csplatform.core.rest.fields import Instant
from csplatform.core.rest.filters import TrueOrFalse


class MemberSerializer(serializers.Serializer[Any]):
    """Somebody of ours in this workspace. People who left stay, for the history they are part of."""

    id = serializers.UUIDField(read_only=True)
    email = serializers.EmailField(source="user.email", read_only=True)
    name = serializers.CharField(source="user.name", read_only=True)
    role = serializers.ChoiceField(choices=Role.choices, read_only=True)
    department = serializers.ChoiceField(choices=Department.choices, read_only=True)
    joined_at = Instant(read_only=True)
    left_at = Instant(read_only=True, allow_null=True)


class MemberFilters(django_filters.FilterSet):
    email = django_filters.CharFilter(field_name="user__email", lookup_expr="iexact", help_text="The whole address.")
    role = django_filters.ChoiceFilter(choices=Role.choices)
    department = django_filters.ChoiceFilter(choices=Department.choices)
    has_left = TrueOrFalse(field_name="left_at", method="with_left", help_text="true: former members only.")

    def with_left(self, queryset: QuerySet[Membership], name: str, value: bool) -> QuerySet[Membership]:
        return queryset.filter(left_at__isnull=not value)


@extend_schema_view(
    list=extend_schema(summary="List members", description="The people of this workspace, a page at a time."),
    retrieve=extend_schema(summary="Read a member", description="By its id."),
)
class MemberViewSet(RecordViewSet):
    model = Membership
    serializer_class = MemberSerializer
    filterset_class = MemberFilters
    joins = ("user",)

    def get_queryset(self) -> QuerySet[Any]:
        # Memberships are outside row-level security: they say which workspace a person may enter.
        return super().get_queryset().filter(workspace_id=self.caller.workspace.pk)
