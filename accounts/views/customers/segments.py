"""Saving and removing segments."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.access import actor_of, requires
from accounts.middleware import WorkspaceRequest
from accounts.models import SavedSegment
from accounts.roles import Permission
from accounts.services import segments


@require_POST
@requires(Permission.VIEW_CUSTOMERS)
def segment_save(request: WorkspaceRequest) -> HttpResponse:
    """Keep the list's conditions under a name, and show them again as that segment."""
    query = QueryDict(request.POST.get("query", "")[: segments.MAX_QUERY]).urlencode()
    try:
        segment = segments.save(
            name=request.POST.get("name", ""),
            query=query,
            is_shared="is_shared" in request.POST,
            by=request.membership,
            actor=actor_of(request),
            now=timezone.now(),
        )
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, _("“%(name)s” is kept as a segment.") % {"name": segment.name})
    return redirect(f"{reverse('customer_list')}?{query}")


@require_POST
@requires(Permission.VIEW_CUSTOMERS)
def segment_remove(request: WorkspaceRequest, segment_id: UUID) -> HttpResponse:
    """Remove one's own segment; the customers in it stay what they are."""
    try:
        segments.remove(segment_id=segment_id, by=request.membership, actor=actor_of(request), now=timezone.now())
    except SavedSegment.DoesNotExist as error:
        raise Http404 from error
    messages.success(request, _("The segment was removed; its customers are untouched."))
    return redirect("customer_list")
