"""The workspace's own settings."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.access import actor_of, requires
from accounts.forms import WorkspaceForm, errors_into
from accounts.middleware import WorkspaceRequest
from accounts.models import Workspace
from accounts.roles import Permission
from accounts.services import workspaces


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.CONFIGURE)
def edit(request: WorkspaceRequest) -> HttpResponse:
    # A copy: a form that fails must not change the workspace the rest of the page shows.
    workspace = Workspace.objects.get(pk=request.workspace.pk)
    fixed = workspaces.has_money(workspace)
    form = WorkspaceForm(request.POST or None, instance=workspace, currency_is_fixed=fixed)
    if request.method == "POST" and form.is_valid():
        try:
            workspaces.update_settings(
                workspace=request.workspace, values=form.cleaned_data, actor=actor_of(request), now=timezone.now()
            )
        except ValidationError as error:
            errors_into(form, error)
        else:
            messages.success(request, _("Saved."))
            return redirect("workspace_settings")
    return render(request, "accounts/settings/workspace.html", {"form": form, "currency_is_fixed": fixed})
