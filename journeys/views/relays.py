"""Handovers: what is being handed to me? A list and the chosen one beside it, at one address each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from accounts.access import requires
from accounts.middleware import WorkspaceRequest
from accounts.paging import Cursor
from accounts.roles import Permission, allows
from journeys.forms import DeclineForm, ReofferForm
from journeys.models import Relay, RelayState
from journeys.selectors import promises, relay_lines
from journeys.selectors import relays as selectors
from journeys.selectors.relays import Box
from journeys.services import relaying
from journeys.services.moving import Missing

NAMES = {
    Box.MINE: _("To me"),
    Box.DEPARTMENT: _("To my department"),
    Box.OVERDUE: _("Overdue"),
    Box.DECLINED: _("Came back"),
    Box.GIVEN: _("Given"),
    Box.ALL: _("All waiting"),
    Box.DECIDED: _("Decided"),
}
_FIRST = (Box.MINE, Box.DEPARTMENT, Box.DECLINED, Box.OVERDUE, Box.GIVEN)


@require_safe
@requires(Permission.VIEW_CUSTOMERS)
def inbox(request: WorkspaceRequest) -> HttpResponse:
    """A box, and its first handover beside it where there is room."""
    return page(request, None)


@require_safe
@requires(Permission.VIEW_CUSTOMERS)
def detail(request: WorkspaceRequest, relay_id: UUID) -> HttpResponse:
    """One handover, in the box the address names."""
    return page(request, found(relay_id))


def found(relay_id: UUID) -> Relay:
    """The handover of an address; 404 where there is none."""
    relay = selectors.find(relay_id)
    if relay is None:
        raise Http404
    return relay


def page(
    request: WorkspaceRequest,
    relay: Relay | None,
    *,
    missing: Sequence[Missing] = (),
    decline_form: DeclineForm | None = None,
    reoffer_form: ReofferForm | None = None,
    note: str = "",
    status: int = 200,
) -> HttpResponse:
    """The list and ``relay`` beside it; forms and what is ``missing`` come from a deed that could not be done."""
    now, member = timezone.now(), request.membership
    counts = selectors.counts(of=member, now=now)
    box = _box(request, counts, relay)
    shown = selectors.box(box, of=member, now=now, after=_cursor(request, "after"), before=_cursor(request, "before"))
    lines = relay_lines.lines(shown.rows, now=now)
    chosen = relay or (found(shown.rows[0].pk) if shown.rows else None)
    here = reverse("relay_inbox")
    context: dict[str, Any] = {
        "box": box.value,
        "boxes": [
            {"name": NAMES[each], "count": counts.get(each), "url": f"{here}?box={each.value}", "current": each is box}
            for each in NAMES
        ],
        "box_name": NAMES[box],
        "lines": [{"line": line, "url": address(line.relay.pk, box)} for line in lines],
        "previous_url": _page_url(here, box, "before", shown.previous),
        "next_url": _page_url(here, box, "after", shown.next),
        "is_chosen": relay is not None,
        "is_empty": not any(counts.values()) and not shown.rows,
        "list_url": f"{here}?box={box.value}",
        "currency": request.workspace.currency,
        "now": now,
    }
    if chosen is not None:
        context |= panel(request, chosen, box, now)
        context |= {
            "missing": missing,
            "note": note,
            "decline_form": decline_form or DeclineForm(),
            "reoffer_form": reoffer_form or ReofferForm(workspace=request.workspace),
            "declining": decline_form is not None,
            "reoffering": reoffer_form is not None,
        }
    return render(request, "journeys/relays.html", context, status=status)


def panel(request: WorkspaceRequest, relay: Relay, box: Box, now: datetime) -> dict[str, Any]:
    """What one handover shows, and what this member may do with it."""
    (line,) = relay_lines.lines([relay], now=now)
    may_edit = allows(request.membership.role, Permission.EDIT_CUSTOMERS)
    is_answerable = relay.state in (RelayState.DECLINED, RelayState.WITHDRAWN)
    may_give = may_edit and relaying.may_withdraw(relay, request.membership)
    member = request.membership
    return {
        "chosen": line,
        "promises": promises.since(relay.promises, offered_at=relay.offered_at, now=now),
        "items": list(relay.items.all()),
        "query": f"?box={box.value}",
        "may_tick": may_edit and line.is_open,
        "may_decide": line.is_open and relaying.may_decide(relay, member),
        "is_override": member.department != relay.taker_department and relay.taker_id != member.pk,
        "may_withdraw": line.is_open and may_give,
        "may_reoffer": is_answerable and may_give and selectors.is_answerable(relay),
    }


def address(relay_id: UUID, box: Box) -> str:
    return f"{reverse('relay_detail', args=[relay_id])}?box={box.value}"


def named_box(request: WorkspaceRequest) -> Box | None:
    """The box the address names; 404 for one that is none."""
    told = request.GET.get("box")
    if not told:
        return None
    try:
        return Box(told)
    except ValueError:
        raise Http404 from None


def _box(request: WorkspaceRequest, counts: dict[Box, int], relay: Relay | None) -> Box:
    """The box the address names, else the first with something to do in it."""
    told = named_box(request)
    if told is not None:
        return told
    if relay is not None and relay.state != RelayState.OFFERED:
        return Box.DECIDED
    return next((each for each in _FIRST if counts[each]), Box.MINE if relay is None else Box.ALL)


def _cursor(request: WorkspaceRequest, name: str) -> Cursor | None:
    told = request.GET.get(name)
    return Cursor.decode(told) if told else None


def _page_url(here: str, box: Box, side: str, cursor: Cursor | None) -> str | None:
    return f"{here}?{urlencode({'box': box.value, side: cursor.encode()})}" if cursor else None
