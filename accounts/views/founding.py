"""Pages on which workspaces come into being."""

from __future__ import annotations

from typing import Any

from allauth.account.views import LoginView
from allauth.core import ratelimit
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import signed_in
from accounts.forms import errors_into
from accounts.founding_forms import FirstWorkspaceForm, NewWorkspaceForm
from accounts.middleware import SESSION_KEY
from accounts.models import Membership, User
from accounts.services import founding

_BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


class SignIn(LoginView):
    """Signing in; where nobody could yet, what to do instead."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method in ("GET", "HEAD") and founding.is_vacant():
            return redirect("setup")
        answer: HttpResponseBase = super().dispatch(request, *args, **kwargs)
        return answer

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        return {**context, "may_sign_up": settings.OPEN_SIGNUP}


@never_cache
@require_safe
def explain(request: HttpRequest) -> HttpResponse:
    """Tells the visitor of an installation without people how its operator begins. Not found once there are people."""
    if not founding.is_vacant():
        raise Http404
    return render(request, "accounts/setup_closed.html", {"was_tried": False})


@sensitive_post_parameters("password")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def set_up(request: HttpRequest, key: str) -> HttpResponse:
    """The first workspace and its owner, for whoever has the operator's key. Not found once there are people."""
    if not founding.is_vacant():
        raise Http404
    if not founding.is_key(key, timezone.now()):
        return render(request, "accounts/setup_closed.html", {"was_tried": True}, status=410)
    limited: HttpResponse | None = ratelimit.consume_or_429(request, action="first_workspace")
    if limited is not None:
        return limited
    form = FirstWorkspaceForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            membership = founding.found_first(
                **_told(form, "company", "currency", "time_zone", "name", "email", "password"),
                language=get_language() or settings.LANGUAGE_CODE,
                now=timezone.now(),
            )
        except ValidationError as error:
            errors_into(form, error)
        else:
            login(request, membership.user, backend=_BACKEND)
            return _enter(request, membership)
    return render(request, "accounts/setup.html", {"form": form})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def open_own(request: HttpRequest) -> HttpResponse:
    """A workspace of one's own, where the operator lets everybody make one."""
    if not settings.OPEN_SIGNUP:
        raise Http404
    limited: HttpResponse | None = ratelimit.consume_or_429(request, action="own_workspace")
    if limited is not None:
        return limited
    assert isinstance(request.user, User)
    form = NewWorkspaceForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            membership = founding.found_own(
                person=request.user,
                **_told(form, "company", "currency", "time_zone"),
                language=request.user.language or get_language() or settings.LANGUAGE_CODE,
                now=timezone.now(),
            )
        except ValidationError as error:
            errors_into(form, error)
        else:
            return _enter(request, membership)
    return render(request, "accounts/workspace_new.html", {"form": form})


def _told(form: NewWorkspaceForm, *names: str) -> dict[str, Any]:
    return {name: form.cleaned_data[name] for name in names}


def _enter(request: HttpRequest, membership: Membership) -> HttpResponse:
    request.session[SESSION_KEY] = str(membership.workspace_id)
    messages.success(
        request,
        _("%(name)s is yours. Bring your data, or look around in sample data first.")
        % {"name": membership.workspace.name},
    )
    return redirect("/start/")
