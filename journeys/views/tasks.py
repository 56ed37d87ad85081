"""Tasks: what am I to do? A queue and the chosen task beside it, at one address each."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode
from uuid import UUID

from django import forms
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
from journeys.models import Task, TaskState
from journeys.selectors import tasks as selectors
from journeys.selectors.tasks import Box, Whose
from journeys.task_forms import CancelForm, FinishForm, SnoozeForm

BOXES = {Box.OPEN: _("Open"), Box.OVERDUE: _("Overdue"), Box.SNOOZED: _("Put off"), Box.DONE: _("Done")}
WHOSE = {Whose.MINE: _("Mine"), Whose.DEPARTMENT: _("My department"), Whose.ALL: _("Everybody")}


@require_safe
@requires(Permission.VIEW_CUSTOMERS)
def queue(request: WorkspaceRequest) -> HttpResponse:
    """A box, and its first task beside it where there is room."""
    return page(request, None)


@require_safe
@requires(Permission.VIEW_CUSTOMERS)
def detail(request: WorkspaceRequest, task_id: UUID) -> HttpResponse:
    """One task, in the box the address names."""
    return page(request, found(task_id))


def found(task_id: UUID) -> Task:
    """The task of an address; 404 where there is none."""
    task = selectors.find(task_id)
    if task is None:
        raise Http404
    return task


def page(
    request: WorkspaceRequest, task: Task | None, *, status: int = 200, failed: forms.Form | None = None
) -> HttpResponse:
    """The list and ``task`` beside it; ``failed`` is the form of a deed that could not be done."""
    now, member = timezone.now(), request.membership
    whose, box = named(request, task)
    counts = selectors.counts(whose, of=member, now=now)
    after, before = _cursor(request, "after"), _cursor(request, "before")
    shown = selectors.box(box, whose, of=member, now=now, after=after, before=before)
    chosen = task or (shown.rows[0] if shown.rows else None)
    context: dict[str, Any] = {
        "boxes": [
            {"name": name, "count": counts.get(each), "url": list_url(whose, each), "current": each is box}
            for each, name in BOXES.items()
        ],
        "whose": [{"name": name, "url": list_url(each, box), "current": each is whose} for each, name in WHOSE.items()],
        "box_name": BOXES[box],
        "lines": [
            {"line": line, "url": address(line.task.pk, whose, box)} for line in selectors.lines(shown.rows, now=now)
        ],
        "previous_url": _page_url(whose, box, "before", shown.previous),
        "next_url": _page_url(whose, box, "after", shown.next),
        "is_chosen": task is not None,
        "is_done_box": box is Box.DONE,
        "list_url": list_url(whose, box),
        "query": _query(whose, box),
        "may_edit": allows(member.role, Permission.EDIT_CUSTOMERS),
        "now": now,
    }
    context |= {"finish_form": FinishForm(), "snooze_form": SnoozeForm(), "cancel_form": CancelForm()}
    if failed is not None:
        context |= {f"{_NAMES[type(failed)]}_form": failed, "opened": _NAMES[type(failed)]}
    if chosen is not None:
        context |= _panel(request, chosen, now)
    return render(request, "journeys/tasks.html", context, status=status)


_NAMES: dict[type[forms.Form], str] = {FinishForm: "finish", SnoozeForm: "snooze", CancelForm: "cancel"}


def _panel(request: WorkspaceRequest, task: Task, now: datetime) -> dict[str, Any]:
    (line,) = selectors.lines([task], now=now)
    has_left = task.owner is not None and task.owner.left_at is not None
    return {
        "chosen": line,
        "is_mine": task.owner_id == request.membership.pk,
        "is_free": task.owner is None or has_left,
        "has_left": has_left,
        "mail_url": _mail_url(task) if task.draft_subject and task.state == TaskState.OPEN else "",
    }


def _mail_url(task: Task) -> str:
    """The draft as a link that opens the reader's own mail program."""
    to = quote(task.contact.email) if task.contact and task.contact.email else ""
    return f"mailto:{to}?{urlencode({'subject': task.draft_subject, 'body': task.draft_body}, quote_via=quote)}"


def named(request: WorkspaceRequest, task: Task | None = None) -> tuple[Whose, Box]:
    """Whose tasks and which box the address names; 404 for what is none of them."""
    default = Box.OPEN if task is None or task.state == TaskState.OPEN else Box.DONE
    whose_default = Whose.MINE if task is None or task.owner_id == request.membership.pk else Whose.ALL
    try:
        return Whose(request.GET.get("whose") or whose_default), Box(request.GET.get("box") or default)
    except ValueError:
        raise Http404 from None


def list_url(whose: Whose, box: Box) -> str:
    return reverse("task_queue") + _query(whose, box)


def address(task_id: UUID, whose: Whose, box: Box) -> str:
    return reverse("task_detail", args=[task_id]) + _query(whose, box)


def _query(whose: Whose, box: Box) -> str:
    return f"?whose={whose.value}&box={box.value}"


def _cursor(request: WorkspaceRequest, name: str) -> Cursor | None:
    told = request.GET.get(name)
    return Cursor.decode(told) if told else None


def _page_url(whose: Whose, box: Box, side: str, cursor: Cursor | None) -> str | None:
    return f"{list_url(whose, box)}&{urlencode({side: cursor.encode()})}" if cursor else None
