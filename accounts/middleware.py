"""Finds the workspace of a signed-in request and runs the view inside its scope."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils import translation

from accounts.models import Membership, Workspace
from csplatform.core.ids import parse_uuid
from csplatform.core.tenancy import workspace_scope

SESSION_KEY = "workspace"


class WorkspaceRequest(HttpRequest):
    """A request inside a workspace: what every view behind sign-in receives."""

    workspace: Workspace
    membership: Membership
    workspaces: list[Workspace]
    """Every workspace the person is a member of now."""
    view_failed: bool
    """Whether the view raised."""


class WorkspaceMiddleware:
    """Sets ``request.workspace`` and ``request.membership`` (both None for strangers) and opens the scope.

    The workspace chosen last is kept in the session; without one, or when the person has left it, the oldest
    membership serves.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        membership = self._membership(request)
        typed = cast(WorkspaceRequest, request)
        typed.view_failed = False
        if membership is None:
            typed.workspace = typed.membership = None  # type: ignore[assignment]  # None for strangers only, which no view sees
            return self.get_response(request)
        typed.membership = membership
        typed.workspace = membership.workspace
        with workspace_scope(membership.workspace_id):
            response = self.get_response(request)
            if typed.view_failed:
                transaction.set_rollback(True)
            return response

    @staticmethod
    def process_exception(request: HttpRequest, exception: Exception) -> None:
        """Note that what the view wrote must be undone: Django answers for the exception, so the scope sees none.

        Undone only once there is an answer, because another middleware may need the database to give one.
        """
        cast(WorkspaceRequest, request).view_failed = True

    @staticmethod
    def _membership(request: HttpRequest) -> Membership | None:
        if not request.user.is_authenticated:
            return None
        mine = list(
            Membership.objects.filter(user_id=request.user.pk, left_at__isnull=True)
            .select_related("workspace", "user")
            .order_by("joined_at", "id")
        )
        cast(WorkspaceRequest, request).workspaces = [m.workspace for m in mine]
        chosen = parse_uuid(request.session.get(SESSION_KEY))
        return next((m for m in mine if m.workspace_id == chosen), mine[0] if mine else None)


class LanguageMiddleware:
    """A signed-in person's own language goes before the browser's, on every device."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        language = getattr(request.user, "language", "")
        if language not in dict(settings.LANGUAGES):
            return self.get_response(request)
        translation.activate(language)
        request.LANGUAGE_CODE = language
        return self.get_response(request)
