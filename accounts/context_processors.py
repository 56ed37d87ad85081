"""What every template may read about the person and the workspace."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from accounts.roles import Permission, allows


def workspace(request: HttpRequest) -> dict[str, Any]:
    """``workspace``, ``membership``, ``may`` (permission name → whether granted) and ``switchable_workspaces``."""
    membership = getattr(request, "membership", None)
    role = membership.role if membership is not None else ""
    current = getattr(request, "workspace", None)
    return {
        "workspace": current,
        "switchable_workspaces": [other for other in getattr(request, "workspaces", ()) if other != current],
        "membership": membership,
        "may": {permission.value: allows(role, permission) for permission in Permission},
    }
