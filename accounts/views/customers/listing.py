"""The customer list: one view for the page and for the part of it that htmx swaps."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts import extensions, segments
from accounts.access import requires
from accounts.middleware import WorkspaceRequest
from accounts.models import BulkChange, Customer, SavedSegment
from accounts.paging import Cursor
from accounts.roles import Permission, allows
from accounts.selectors import customers as selectors
from accounts.services import bulk_changes
from accounts.views.customers import asked, columns
from accounts.views.customers.address import COLUMNS, SEGMENT, Address
from accounts.views.customers.asked import Asked
from csplatform.core.ids import parse_uuid

FRAGMENT = "customer-list"
CHANGED = "changed"


def address_of(request: WorkspaceRequest) -> Address:
    """The address of the list this request asks for, without the word about a change just made."""
    query = request.GET.copy()
    query.pop(CHANGED, None)
    return Address(reverse("customer_list"), query)


@require_safe
@requires(Permission.VIEW_CUSTOMERS)
def customer_list(request: WorkspaceRequest) -> HttpResponse:
    """Who are they all? The address holds filter, sort, columns and place; htmx gets the list alone."""
    now = timezone.now()
    wants_list = request.htmx.target == FRAGMENT and not request.htmx.history_restore_request  # type: ignore[attr-defined]  # set by django-htmx's middleware
    template = "accounts/_customer_list.html" if wants_list else "accounts/customer_list.html"
    response = render(request, template, _context(request, now))
    columns.remember(request, response)
    patch_vary_headers(response, ["HX-Request", "HX-Target", "Cookie"])
    return response


def _context(request: WorkspaceRequest, now: datetime) -> dict[str, Any]:
    today = now.date()
    address = address_of(request)
    told = asked.read(request.GET, membership=request.membership, now=now)
    wanted = told.wanted()
    sort = told.sort(request.GET)
    shown = columns.shown(request)
    stages = extensions.named_stages()
    matching, everybody = selectors.summaries(wanted, Q())
    page = selectors.customer_page(
        wanted,
        selectors.ordering_of(sort)[1],
        after=Cursor.decode(request.GET.get("after", "")),
        before=Cursor.decode(request.GET.get("before", "")),
    )
    role = request.membership.role
    return {
        "currency": request.workspace.currency,
        "today": today,
        "q": told.text,
        "total": everybody.customers,
        "matching": matching.customers,
        "matching_arr_minor": matching.arr_minor,
        "segments": _segments(request, address, told),
        "active_filters": _chips(told, address),
        "filter_mistakes": told.mistakes,
        "filter_url": _with_query(reverse("customer_filter"), address.condition_query()),
        "clear_url": address.path,
        "search_params": address.all_but("q"),
        "column_params": address.all_but(COLUMNS),
        "name_heading": columns.headings([columns.NAME], address, sort)[0],
        "columns": columns.headings(shown, address, sort),
        "column_choices": [
            {"key": each.key, "label": each.label, "shown": each in shown} for each in columns.COLUMN_LIST
        ],
        "columns_url": address.path,
        "save_segment_url": reverse("segment_save"),
        "segments_url": reverse("segment_list"),
        "condition_query": address.condition_query(),
        "rows": [_row(customer, stages, today) for customer in page.rows],
        "bulk": _bulk(role),
        "undo": _undo(request),
        "export_url": _with_query(reverse("customer_export"), address.condition_query())
        if allows(role, Permission.EXPORT_DATA)
        else None,
        "new_url": reverse("customer_new") if allows(role, Permission.EDIT_CUSTOMERS) else None,
        "previous_url": address.with_(before=page.previous.encode()) if page.previous else None,
        "next_url": address.with_(after=page.next.encode()) if page.next else None,
        "first_url": address.with_() if page.previous else None,
    }


def _row(customer: Customer, stages: dict[str, str], today: date) -> dict[str, Any]:
    deadline = customer.notice_deadline
    return {
        "customer": customer,
        "url": reverse("customer_detail", args=[customer.pk]),
        "stage_name": stages.get(customer.stage_key) or customer.get_contract_state_display(),
        "notice_days": (deadline - today).days if deadline else None,
    }


def _chips(told: Asked, address: Address) -> list[dict[str, str]]:
    """What must hold, one chip each, with the link to the list without it."""
    nodes = segments.top_parts(told.filter)
    chips = []
    if told.text:
        like = segments.explain_parts(segments.where("search", "like", told.text), told.catalogue)[0]
        chips.append({"text": like, "remove_url": address.without("q")})
    for place, text in enumerate(segments.explain_parts(told.filter, told.catalogue)):
        rest = segments.all_of(nodes[:place] + nodes[place + 1 :])
        chips.append({"text": text, "remove_url": address.filtered(rest.as_json() if rest.conditions else None)})
    return chips


def _segments(request: WorkspaceRequest, address: Address, told: Asked) -> list[dict[str, Any]]:
    """The lists everybody has, then one's own and the shared ones; the one shown is marked."""
    here = address.condition_query()
    common = [
        (_("All"), ""),
        (_("My portfolio"), "csm=me"),
        (_("Notice soon, not healthy"), "band=watch&band=at_risk&notice_within=60&sort=notice"),
    ]
    found = [
        {"name": name, "url": _with_query(address.path, query), "current": query == here} for name, query in common
    ]
    for segment in selectors.visible_segments(request.membership):
        own = segment.owner_id == request.membership.pk
        found.append(
            {
                "name": segment.name,
                "url": f"{address.path}?{SEGMENT}={segment.pk}",
                "current": segment == told.segment and told.filter.as_json() == _definition(segment),
                "shared": segment.is_shared,
                "remove_url": reverse("segment_remove", args=[segment.pk]) if own else None,
            }
        )
    return found


def _definition(segment: SavedSegment) -> dict[str, Any]:
    return segments.stored(segment.definition).as_json()


def _bulk(role: str) -> dict[str, Any] | None:
    if not allows(role, Permission.EDIT_CUSTOMERS):
        return None
    actions = [{"name": "tag", "label": _("Add tag…")}, {"name": "untag", "label": _("Remove tag…")}]
    if allows(role, Permission.ASSIGN_PORTFOLIOS):
        actions.insert(0, {"name": "assign", "label": _("Assign CSM…")})
    return {"url": reverse("customer_bulk"), "actions": actions}


def _undo(request: WorkspaceRequest) -> BulkChange | None:
    """The change just made, while it can be undone."""
    change_id = parse_uuid(request.GET.get(CHANGED))
    if change_id is None:
        return None
    since = timezone.now() - bulk_changes.UNDO_FOR
    made = BulkChange.objects.filter(pk=change_id, made_by=request.membership, undone_at=None, made_at__gte=since)
    return made.first()


def _with_query(path: str, query: str) -> str:
    return f"{path}?{query}" if query else path
