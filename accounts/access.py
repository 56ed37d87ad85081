"""Who may open a page: signed in, in a workspace, and allowed by the permission matrix."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from accounts.middleware import WorkspaceRequest
from accounts.models import Membership, User
from accounts.roles import Permission, allows
from csplatform.core.audit import Actor

P = ParamSpec("P")
View = Callable[Concatenate[WorkspaceRequest, P], HttpResponseBase]
Guarded = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def requires(
    permission: Permission | None = None, *, write: Permission | None = None
) -> Callable[[View[P]], Guarded[P]]:
    """Let only members through, and of those only roles with ``permission`` (None: every member).

    ``write``: asked in addition for anything but GET and HEAD. Strangers go to sign-in, people without a workspace
    to the page that says so, members without the permission get 403.
    """

    def decorate(view: View[P]) -> Guarded[P]:
        @wraps(view)
        def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            membership: Membership | None = getattr(request, "membership", None)
            if membership is None:
                return redirect("no_workspace")
            if permission is not None:
                demand(membership, permission)
            if write is not None and request.method not in ("GET", "HEAD"):
                demand(membership, write)
            return view(cast(WorkspaceRequest, request), *args, **kwargs)

        return cast(Guarded[P], guarded)

    return decorate


def signed_in(view: Callable[Concatenate[HttpRequest, P], HttpResponse]) -> Guarded[P]:
    """Let every signed-in person through, with or without a workspace."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        return view(request, *args, **kwargs)

    return cast(Guarded[P], guarded)


def demand(membership: Membership, permission: Permission) -> None:
    """Raise ``PermissionDenied`` (403) unless the member's role has ``permission``."""
    if not allows(membership.role, permission):
        raise PermissionDenied(
            _("Your role, %(role)s, does not include: %(permission)s.")
            % {"role": membership.get_role_display(), "permission": permission.label}
        )


def actor_of(request: HttpRequest) -> Actor:
    """The signed-in person as the audit trail names them."""
    user: Any = request.user
    assert isinstance(user, User)
    return Actor(label=str(user), user_id=user.pk)
