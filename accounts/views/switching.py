"""Choosing among one's workspaces, and having none."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.access import signed_in
from accounts.middleware import SESSION_KEY


@require_POST
@signed_in
def switch(request: HttpRequest) -> HttpResponse:
    """Work in the workspace whose slug is posted as ``workspace``; one the person is no member of does not exist."""
    slug = request.POST.get("workspace", "")
    chosen = next((workspace for workspace in getattr(request, "workspaces", ()) if workspace.slug == slug), None)
    if chosen is None:
        raise Http404
    request.session[SESSION_KEY] = str(chosen.pk)
    messages.success(request, _("You are in %(name)s now.") % {"name": chosen.name})
    return redirect("/")


@require_safe
@signed_in
def no_workspace(request: HttpRequest) -> HttpResponse:
    """For people who are signed in but members of nothing (any more)."""
    if getattr(request, "membership", None) is not None:
        return redirect("/")
    return render(request, "accounts/no_workspace.html", {"may_found": settings.OPEN_SIGNUP})
