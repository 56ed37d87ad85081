"""Whether the demo workspaces are there, and who can sign in to them."""

from __future__ import annotations

from typing import NamedTuple

from accounts.models import Membership, Workspace
from accounts.roles import Role

WORKSPACES = ("sherwood", "community")
"""By slug, in the order in which they are loaded: a vendor with its customers, and a survey's community."""


class Login(NamedTuple):
    """``password`` is None where the person has another one than the demo's."""

    email: str
    role: str
    name: str
    password: str | None
    workspace: str


def is_loaded() -> bool:
    """Whether the demo workspaces are there, complete."""
    ready = Workspace.objects.filter(is_demo=True, demo_ready_at__isnull=False, slug__in=WORKSPACES)
    return ready.count() == len(WORKSPACES)


def logins(*, password: str) -> list[Login]:
    """The present members of the demo workspaces, the most powerful role first; empty when there is none."""
    members = Membership.objects.filter(
        workspace__is_demo=True, left_at__isnull=True, user__is_active=True
    ).select_related("user", "workspace")
    order = list(Role)
    return [
        Login(
            member.user.email,
            member.role,
            member.user.name,
            password if member.user.check_password(password) else None,
            member.workspace.slug,
        )
        for member in sorted(members, key=lambda m: (m.workspace.created_at, order.index(Role(m.role)), m.user.email))
    ]
