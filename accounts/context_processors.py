"""What every template may read about the person and the workspace."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from accounts.roles import Permission, allows


def workspace(request: HttpRequest) -> dict[str, Any]:
    """``workspace``, ``membership`` and ``may``: a dictionary from permission name to whether it is granted."""
    membership = getattr(request, "membership", None)
    role = membership.role if membership is not None else ""
    return {
        "workspace": getattr(request, "workspace", None),
        "membership": membership,
        "may": {permission.value: allows(role, permission) for permission in Permission},
    }
