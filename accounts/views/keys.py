"""API keys: made (and shown once), listed, revoked."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import actor_of, requires
from accounts.forms import KeyForm, errors_into
from accounts.middleware import WorkspaceRequest
from accounts.models import ApiKey
from accounts.roles import Permission
from accounts.services import keys


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.MANAGE_KEYS)
def listing(request: WorkspaceRequest) -> HttpResponse:
    """The workspace's keys. A POST makes one and shows it in its own answer, so that it is stored nowhere."""
    form = KeyForm(request.POST or None)
    plaintext = ""
    if request.method == "POST" and form.is_valid():
        try:
            _key, plaintext = keys.create_key(
                workspace=request.workspace,
                name=form.cleaned_data["name"],
                scopes=form.cleaned_data["scopes"],
                actor=actor_of(request),
                now=timezone.now(),
            )
            form = KeyForm()
        except ValidationError as error:
            errors_into(form, error)
    rows = ApiKey.objects.filter(workspace=request.workspace).select_related("created_by")
    context = {"form": form, "plaintext": plaintext, "keys": rows.order_by("revoked_at", "-created_at", "pk")}
    return render(request, "accounts/settings/keys.html", context)


@require_POST
@requires(Permission.MANAGE_KEYS)
def revoke(request: WorkspaceRequest, pk: UUID) -> HttpResponse:
    key = get_object_or_404(ApiKey, workspace=request.workspace, pk=pk)
    keys.revoke_key(key=key, actor=actor_of(request), now=timezone.now())
    messages.success(request, _("%(name)s is revoked: what uses it is refused from now on.") % {"name": key.name})
    return redirect("key_list")
