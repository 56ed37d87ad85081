"""Finding workspaces."""

from __future__ import annotations

from django.core.exceptions import ValidationError

from accounts.models import Membership, User, Workspace


def workspace_by_slug(slug: str) -> Workspace:
    """The workspace called ``slug``; raises ``ValidationError`` (``workspace``) naming it when there is none."""
    workspace = Workspace.objects.filter(slug=slug).first()
    if workspace is None:
        raise ValidationError({"workspace": f"There is no workspace called {slug!r}."})
    return workspace


def workspaces_of(user: User) -> list[Workspace]:
    """The workspaces ``user`` is a member of now, by name."""
    mine = Membership.objects.filter(user=user, left_at__isnull=True).values("workspace_id")
    return list(Workspace.objects.filter(pk__in=mine).order_by("name", "pk"))
