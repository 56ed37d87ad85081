"""The page that builds a filter; its form is also what htmx swaps, with the count of customers it finds."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts import segments
from accounts.access import requires
from accounts.middleware import WorkspaceRequest
from accounts.roles import Permission
from accounts.segments import Catalogue, Filter
from accounts.selectors import customers as selectors
from accounts.views.customers import asked, building
from accounts.views.customers.address import COLUMNS, SEARCH, SORT, Address

FRAGMENT = "filter-builder"
SHOW = "show"


@dataclass
class _State:
    """What the page holds. ``build`` None: only as ``text``. ``found``: the filter, when all of it can be read."""

    build: building.Build | None = None
    found: Filter | None = None
    text: str = ""
    mistakes: list[str] = field(default_factory=list)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.VIEW_CUSTOMERS)
def customer_filter(request: WorkspaceRequest) -> HttpResponse:
    """Build a filter. Every button sends the whole form; the last one goes to the list that it describes."""
    catalogue = Catalogue(request.workspace.currency)
    state = _state(request, catalogue)
    address = Address(reverse("customer_list"), request.GET)
    if request.POST.get("do") == SHOW and state.found is not None:
        return redirect(address.filtered(state.found.as_json() if state.found.conditions else None))
    fragment = request.htmx.target == FRAGMENT  # type: ignore[attr-defined]  # set by django-htmx's middleware
    template = "accounts/_customer_filter.html" if fragment else "accounts/customer_filter.html"
    response = render(request, template, _context(request, state, catalogue, address))
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response


def _state(request: WorkspaceRequest, catalogue: Catalogue) -> _State:
    if request.method != "POST":
        told = asked.read(request.GET, membership=request.membership, now=timezone.now())
        return _shown(told.filter, told.mistakes)
    if request.POST.get("by") == "hand":
        return _by_hand(request.POST.get("text", ""), catalogue)
    build = building.posted(request.POST, catalogue)
    if not build.check(catalogue, strictly=request.POST.get("do") == SHOW):
        return _State(build, text=building.as_text(build.document()))
    found = segments.parse(build.document(), catalogue)
    return _State(build, found, building.as_text(found.as_json()))


def _by_hand(text: str, catalogue: Catalogue) -> _State:
    try:
        return _shown(segments.parse(json.loads(text or "{}"), catalogue), [])
    except (json.JSONDecodeError, RecursionError) as error:
        return _State(text=text, mistakes=[_("This is no JSON: %(reason)s") % {"reason": str(error)[:200]}])
    except segments.SegmentError as error:
        wrong = [f"{path}: {message}" if path else message for path, message in error.problems]
        return _State(text=text, mistakes=wrong)


def _shown(filter: Filter, mistakes: list[str]) -> _State:
    return _State(building.of(filter), filter, building.as_text(filter.as_json()), mistakes)


def _context(request: WorkspaceRequest, state: _State, catalogue: Catalogue, address: Address) -> dict[str, Any]:
    summary, words = None, ""
    if state.found is not None:
        read = segments.for_reader(state.found, request.membership.pk)
        summary = selectors.summary(segments.condition(read, now=timezone.now(), catalogue=catalogue))
        words = segments.explain(state.found, catalogue)
    kept = address.query_of(SORT, COLUMNS, SEARCH)
    here = reverse("customer_filter")
    return {
        "build": state.build,
        "groups": building.shown(state.build, catalogue) if state.build else [],
        "fields": building.offered(catalogue),
        "text": state.text,
        "mistakes": state.mistakes,
        "summary": summary,
        "words": words,
        "currency": request.workspace.currency,
        "list_url": address.path,
        "here": f"{here}?{kept}" if kept else here,
    }
