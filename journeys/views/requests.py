"""Requests and pain points: what do customers ask for, and how much ARR is behind it?"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.access import requires
from accounts.middleware import WorkspaceRequest
from accounts.models import Membership
from accounts.roles import Department, Permission, allows
from journeys.models import Request, RequestKind, RequestStatus
from journeys.request_forms import AnswerForm, AskerForm, RequestForm
from journeys.selectors import requests as selectors


def may_answer(member: Membership) -> bool:
    """Product answers, and whoever may change customers."""
    return member.department == Department.PRODUCT or allows(member.role, Permission.EDIT_CUSTOMERS)


@require_safe
@requires(Permission.VIEW_CUSTOMERS)
def request_list(request: WorkspaceRequest) -> HttpResponse:
    """The most ARR behind first, or the newest."""
    told = {name: request.GET.get(name, "") for name in ("status", "kind", "q", "sort")}
    if told["status"] not in ("", "all", *RequestStatus.values) or told["kind"] not in ("", *RequestKind.values):
        raise Http404
    status = told["status"] or RequestStatus.OPEN
    page = _page(request)
    shown = selectors.listed(
        status="" if status == "all" else status,
        kind=told["kind"],
        words=told["q"].replace("\0", "")[:200],
        newest=told["sort"] == "newest",
        page=page,
    )
    counts = selectors.counts()
    pills = [*((value, label, counts[value]) for value, label in RequestStatus.choices), ("all", None, None)]
    context = {
        "rows": shown.rows,
        "pills": [
            {"label": label, "count": n, "url": _here(told, status=value), "current": value == status}
            for value, label, n in pills
        ],
        "kinds": [
            {"label": label, "url": _here(told, kind=value), "current": value == told["kind"]}
            for value, label in [("", None), *RequestKind.choices]
        ],
        "sorts": {"arr": _here(told, sort=""), "newest": _here(told, sort="newest"), "by": told["sort"] or "arr"},
        "told": {**told, "status": status},
        "is_empty": not any(counts.values()),
        "previous_url": _here(told, page=str(page - 1)) if page > 1 else None,
        "next_url": _here(told, page=str(page + 1)) if shown.has_more else None,
        "currency": request.workspace.currency,
        "may_edit": allows(request.membership.role, Permission.EDIT_CUSTOMERS),
    }
    return render(request, "journeys/requests/list.html", context)


@require_safe
@requires(Permission.VIEW_CUSTOMERS)
def request_detail(request: WorkspaceRequest, request_id: UUID) -> HttpResponse:
    """One request: who is behind it, what was said, what it is the same as."""
    return page(request, found(request_id))


def found(request_id: UUID) -> Any:
    """The request of an address; 404 where there is none."""
    row = selectors.find(request_id)
    if row is None:
        raise Http404
    return row


def page(
    request: WorkspaceRequest,
    row: Any,
    *,
    answer_form: AnswerForm | None = None,
    edit_form: RequestForm | None = None,
    asker_form: AskerForm | None = None,
    status: int = 200,
) -> HttpResponse:
    """The page of a request; forms come from a deed that could not be done."""
    may_edit = allows(request.membership.role, Permission.EDIT_CUSTOMERS)
    words = request.GET.get("same", "").replace("\0", "")[:200]
    context = {
        "row": row,
        "askers": selectors.askers(row),
        "most": selectors.MOST_SHOWN,
        "answers": selectors.answers(row),
        "merged": selectors.merged_into(row),
        "candidates": selectors.candidates(row, words) if may_edit and row.merged_into_id is None else [],
        "same": words,
        "may_edit": may_edit,
        "may_answer": may_answer(request.membership) and row.merged_into_id is None,
        "answer_form": answer_form or AnswerForm(initial=_answer_initial(row)),
        "edit_form": edit_form or RequestForm(initial={n: getattr(row, n) for n in ("title", "kind", "words")}),
        "asker_form": asker_form or AskerForm(),
        "editing": edit_form is not None,
        "adding": asker_form is not None,
        "currency": request.workspace.currency,
        "today": timezone.now().date(),
    }
    return render(request, "journeys/requests/detail.html", context, status=status)


def _answer_initial(row: Request) -> dict[str, Any]:
    shipped_on = row.shipped_at.date() if row.shipped_at else None
    return {"status": row.status, "answer": row.answer, "shipped_on": shipped_on, "version": row.version}


def _page(request: WorkspaceRequest) -> int:
    try:
        return max(1, min(10_000, int(request.GET.get("page", "1"))))
    except ValueError:
        return 1


def _here(told: dict[str, str], **changed: str) -> str:
    query = urlencode({name: value for name, value in {**told, **changed}.items() if value})
    return f"{reverse('request_list')}?{query}" if query else reverse("request_list")
