"""Sample data: trying it with one click, and taking it out again."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import actor_of, requires
from accounts.middleware import WorkspaceRequest
from accounts.roles import Permission
from health.sample import loading, removing, standing, tasks


@require_POST
@requires(Permission.SAMPLE_DATA)
def load(request: WorkspaceRequest) -> HttpResponse:
    """Fill the empty workspace; the page that follows shows how far it is."""
    try:
        tasks.call(loading.begin(by=actor_of(request), now=timezone.now()))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return redirect("start")


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.SAMPLE_DATA)
def remove(request: WorkspaceRequest) -> HttpResponse:
    """What would go and what would stay; then it goes."""
    if request.method == "POST":
        try:
            tasks.call(removing.begin(by=actor_of(request), now=timezone.now()))
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
        return redirect("start")
    sample = standing.of(request.workspace)
    if sample is None or sample.is_leaving:
        return redirect("start")
    return render(request, "health/start/sample_remove.html", {"sample": sample, "counts": removing.counts(sample)})
