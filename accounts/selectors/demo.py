"""Whether the demo workspace is there, and who can sign in to it."""

from __future__ import annotations

from typing import NamedTuple

from accounts.models import Membership, Workspace
from accounts.roles import Role


class Login(NamedTuple):
    """``password`` is None where the person has another one than the demo's."""

    email: str
    role: str
    name: str
    password: str | None


def is_loaded() -> bool:
    """Whether the demo workspace is there, complete."""
    return Workspace.objects.filter(is_demo=True, demo_ready_at__isnull=False).exists()


def logins(*, password: str) -> list[Login]:
    """The present members of the demo workspace, the most powerful role first; empty when there is none."""
    members = Membership.objects.filter(
        workspace__is_demo=True, left_at__isnull=True, user__is_active=True
    ).select_related("user")
    order = list(Role)
    return [
        Login(
            member.user.email,
            member.role,
            member.user.name,
            password if member.user.check_password(password) else None,
        )
        for member in sorted(members, key=lambda member: (order.index(Role(member.role)), member.user.email))
    ]
