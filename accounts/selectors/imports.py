"""Imports for pages: newest first, with who began them."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.db.models import QuerySet

from accounts.models import ImportRun, User


def newest_first() -> QuerySet[ImportRun]:
    """The active workspace's imports with their jobs."""
    return ImportRun.objects.select_related("job").order_by("-created_at", "-id")


def names_of(user_ids: Iterable[UUID | None]) -> dict[UUID, str]:
    """What the people behind ``user_ids`` are called."""
    wanted = {user_id for user_id in user_ids if user_id}
    return {user.pk: str(user) for user in User.objects.filter(pk__in=wanted)} if wanted else {}
