"""Segments: the list of them with what each says and holds; keeping and removing one's own."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts import segments
from accounts.access import actor_of, requires
from accounts.middleware import WorkspaceRequest
from accounts.models import SavedSegment
from accounts.roles import Permission
from accounts.segments import Catalogue
from accounts.selectors import customers as selectors
from accounts.services import segments as services
from accounts.views.customers import asked
from accounts.views.customers.address import SEGMENT, Address

_PAGE = 25


@require_safe
@requires(Permission.VIEW_CUSTOMERS)
def segment_list(request: WorkspaceRequest) -> HttpResponse:
    """One's own segments and the shared ones, each in words and counted; the counts come in one query."""
    now, catalogue = timezone.now(), Catalogue(request.workspace.currency)
    rows = selectors.visible_segments(request.membership).select_related("owner__user")
    page = Paginator(rows, _PAGE).get_page(request.GET.get("page"))
    filters = [segments.for_reader(segments.stored(row.definition), request.membership.pk) for row in page]
    wanted = [segments.condition(filter, now=now, catalogue=catalogue) for filter in filters]
    counted = selectors.summaries(*wanted)
    context = {
        "rows": [
            {
                "segment": row,
                "url": f"{reverse('customer_list')}?{SEGMENT}={row.pk}",
                "words": segments.explain(segments.stored(row.definition), catalogue),
                "problems": [message for _path, message in segments.problems(filter, catalogue)],
                "summary": summary,
                "remove_url": reverse("segment_remove", args=[row.pk])
                if row.owner_id == request.membership.pk
                else None,
            }
            for row, filter, summary in zip(page, filters, counted, strict=True)
        ],
        "currency": request.workspace.currency,
        "list_url": reverse("customer_list"),
        "filter_url": reverse("customer_filter"),
        "previous_url": f"?page={page.previous_page_number()}" if page.has_previous() else None,
        "next_url": f"?page={page.next_page_number()}" if page.has_next() else None,
    }
    return render(request, "accounts/segment_list.html", context)


@require_POST
@requires(Permission.VIEW_CUSTOMERS)
def segment_save(request: WorkspaceRequest) -> HttpResponse:
    """Keep the list's conditions under a name, and show them again as that segment."""
    now, query = timezone.now(), QueryDict(request.POST.get("query", ""))
    told = asked.read(query, membership=request.membership, now=now)
    here = Address(reverse("customer_list"), query).here
    if told.mistakes:
        messages.error(
            request, _("Not saved, because not all of it can be read: %(what)s") % {"what": told.mistakes[0]}
        )
        return redirect(here)
    try:
        segment = services.save(
            name=request.POST.get("name", ""),
            definition=told.whole.as_json(),
            sort=query.get("sort", "")[:20],
            is_shared="is_shared" in request.POST,
            by=request.membership,
            actor=actor_of(request),
            now=now,
        )
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect(here)
    messages.success(request, _("“%(name)s” is kept as a segment.") % {"name": segment.name})
    return redirect(f"{reverse('customer_list')}?{SEGMENT}={segment.pk}")


@require_POST
@requires(Permission.VIEW_CUSTOMERS)
def segment_remove(request: WorkspaceRequest, segment_id: UUID) -> HttpResponse:
    """Remove one's own segment; the customers in it stay what they are."""
    try:
        services.remove(segment_id=segment_id, by=request.membership, actor=actor_of(request), now=timezone.now())
    except SavedSegment.DoesNotExist as error:
        raise Http404 from error
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("segment_list")
    messages.success(request, _("The segment was removed; its customers are untouched."))
    return redirect("customer_list")
