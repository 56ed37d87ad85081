"""Addresses that get no survey mail: looked up, added, and allowed again for a reason that stays on record."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.access import actor_of
from accounts.middleware import WorkspaceRequest
from accounts.roles import Permission, allows
from csplatform.core.ids import parse_uuid
from surveys import host_words
from surveys.models import Suppression, SuppressionReason
from surveys.services import suppressing
from surveys.views.access import BOTH, host_page

_PAGE = 50


@host_page(BOTH)
def stopped(request: WorkspaceRequest) -> HttpResponse:
    """The list shows as much of an address as tells two apart; who knows an address whole finds it by typing it.

    A whole address travels by POST only, so that no log and no browser history keeps it.
    """
    told: dict[str, Any] = {}
    if request.method == "POST":
        act = {"stop": _stop, "allow": _allow}.get(request.POST.get("action", ""), _look_up)
        try:
            told = act(request)
        except ValidationError as error:
            told = {"problems": error.messages, "typed": request.POST.get("email", "")[:254]}
        if not told:
            return redirect("survey_stopped")
    reason = request.GET.get("reason", "")
    rows = Suppression.objects.order_by("-at", "-id")
    if reason in SuppressionReason.values:
        rows = rows.filter(reason=reason)
    page = Paginator(rows, _PAGE).get_page(request.GET.get("page"))
    whole = allows(request.membership.role, Permission.VIEW_CUSTOMERS)
    context = {
        "rows": [_row(row, shows_domain=whole) for row in page],
        "reasons": SuppressionReason.choices,
        "views": [
            {"url": f"?reason={value}" if value else "?", "label": label, "current": value == reason}
            for value, label in (("", _("All")), *SuppressionReason.choices)
        ],
        "previous_url": f"?reason={reason}&page={page.previous_page_number()}" if page.has_previous() else None,
        "next_url": f"?reason={reason}&page={page.next_page_number()}" if page.has_next() else None,
        "shown": _("%(first)d to %(last)d of %(all)d")
        % {"first": page.start_index(), "last": page.end_index(), "all": page.paginator.count},
        **told,
    }
    return render(request, "surveys/host/stopped.html", context, status=422 if "problems" in told else 200)


def _look_up(request: WorkspaceRequest) -> dict[str, Any]:
    address = suppressing.checked_address(request.POST.get("email", ""))
    found = Suppression.objects.filter(email=address).first()
    return {"typed": address, "looked_up": True, "found": _row(found, shows_domain=True) if found else None}


def _stop(request: WorkspaceRequest) -> dict[str, Any]:
    suppressing.suppress(
        email=request.POST.get("email", ""),
        reason=request.POST.get("reason", ""),
        actor=actor_of(request),
        now=timezone.now(),
    )
    messages.success(request, _("This address gets no survey mail any more; what waited for it is held back."))
    return {}


def _allow(request: WorkspaceRequest) -> dict[str, Any]:
    pk = parse_uuid(request.POST.get("row"))
    row = Suppression.objects.filter(pk=pk).first() if pk else None
    if row is None:
        raise Http404
    because = request.POST.get("because", "").strip()
    if not because:
        raise ValidationError(_("Say why this address may be written to again; the audit trail keeps it."))
    suppressing.release(email=row.email, because=because, actor=actor_of(request), now=timezone.now())
    messages.success(request, _("This address may get survey mail again; the audit trail says why."))
    return {}


def _row(row: Suppression, *, shows_domain: bool) -> dict[str, Any]:
    return {
        "row": row,
        "address": suppressing.masked(row.email, shows_domain=shows_domain),
        "when": host_words.moment(row.at),
    }
