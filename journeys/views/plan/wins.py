"""Wins: recorded, celebrated, told on a card that is worth sending, and seen by everybody in one feed."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import quote
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.access import actor_of, requires
from accounts.middleware import WorkspaceRequest
from accounts.models import Contact, Customer
from accounts.roles import Permission, allows
from accounts.views.customers.editing import edit_record, edits, may_edit
from accounts.views.customers.record_forms import RecordForm
from journeys import plan_pages
from journeys.models import Outcome, Win
from journeys.selectors import plan, wins
from journeys.services import planning
from journeys.views.plan import forms
from journeys.views.plan.outcomes import value_url

PAGE = 50


@require_safe
@requires(Permission.VIEW_CUSTOMERS)
def win_feed(request: WorkspaceRequest) -> HttpResponse:
    """What came back lately, with those that nobody has celebrated yet."""
    scope = "mine" if request.GET.get("scope") == "mine" else "all"
    of = request.membership if scope == "mine" else None
    waiting = request.GET.get("show") == "waiting"
    rows = list(wins.feed(of=of, waiting_only=waiting)[: PAGE + 1])
    here = reverse("win_feed")
    context = {
        "wins": rows[:PAGE],
        "more": len(rows) > PAGE,
        "page": PAGE,
        "waiting": waiting,
        "scope": scope,
        "urls": {
            "all": here + ("?show=waiting" if waiting else ""),
            "mine": f"{here}?scope=mine" + ("&show=waiting" if waiting else ""),
            "every": here + ("?scope=mine" if of else ""),
            "waiting": f"{here}?show=waiting" + ("&scope=mine" if of else ""),
        },
    }
    return render(request, "journeys/plan/wins.html", context)


@edits
@may_edit
def win_new(request: WorkspaceRequest, customer_id: UUID) -> HttpResponse:
    """Record value that came back."""
    customer = Customer.objects.filter(pk=customer_id).first()
    if customer is None:
        raise Http404
    form = forms.WinForm(request.POST or None)
    outcome_id = _outcome_of(customer, request.GET.get("outcome", ""))

    def write(form: RecordForm, now: datetime) -> Win:
        return planning.record_win(
            customer_id=customer.pk, told=form.told(), outcome_id=outcome_id, actor=actor_of(request), now=now
        )

    return edit_record(
        request, form, write, title=_("Record a win"), back=value_url(customer), customer=customer,
        then=lambda win: reverse("win_detail", args=[win.pk]),
    )  # fmt: skip


@edits
@may_edit
def win_edit(request: WorkspaceRequest, win_id: UUID) -> HttpResponse:
    """Change a win's words or tell its story."""
    win = _win(win_id)
    form = forms.WinForm(request.POST or None, initial=forms.win_initial(win))

    def write(form: RecordForm, now: datetime) -> Win:
        return planning.revise_win(
            win_id=win_id,
            told=form.told(),
            actor=actor_of(request),
            now=now,
            expected_version=form.cleaned_data["version"],
        )

    back = reverse("win_detail", args=[win_id])
    return edit_record(request, form, write, title=_("Tell the win"), back=back, customer=win.customer)


@require_safe
@requires(Permission.VIEW_CUSTOMERS)
def win_detail(request: WorkspaceRequest, win_id: UUID) -> HttpResponse:
    """The card, with the figures it rests on, and the ways to send it."""
    win = _win(win_id)
    now = timezone.now()
    told: dict[str, Any] = {}
    if win.outcome_id:
        reads = plan.plans_of_outcomes([win.outcome_id], day=now.date(), known_by=now)
        told["row"] = plan_pages.outcome_row(reads[0]) if reads else None
        told["kpi"] = next((row for row in told["row"]["kpis"] if row["id"] == win.kpi_id), None) if reads else None
    context = {
        **told,
        "win": win,
        "customer": win.customer,
        "customer_url": value_url(win.customer),
        "mail_url": _mail_url(win, request.workspace.name),
        "may_edit": allows(request.membership.role, Permission.EDIT_CUSTOMERS),
    }
    return render(request, "journeys/plan/win.html", context)


@require_POST
@may_edit
def win_celebrate(request: WorkspaceRequest, win_id: UUID) -> HttpResponse:
    """Say that the customer was congratulated."""
    _win(win_id)
    planning.celebrate(win_id=win_id, actor=actor_of(request), now=timezone.now())
    messages.success(request, _("Celebrated. It stands in the feed for everybody."))
    return redirect("win_detail", win_id=win_id)


def _win(win_id: UUID) -> Win:
    win = Win.objects.select_related("customer", "outcome", "kpi").filter(pk=win_id).first()
    if win is None:
        raise Http404
    return win


def _outcome_of(customer: Customer, told: str) -> UUID | None:
    try:
        outcome_id = UUID(told)
    except ValueError:
        return None
    return outcome_id if Outcome.objects.filter(pk=outcome_id, customer=customer).exists() else None


def _mail_url(win: Win, house: str) -> str:
    """A mail to the customer's sponsor, ready to be sent by the reader's own mail program."""
    rows = Contact.objects.filter(customer_id=win.customer_id).exclude(email="")
    address = rows.order_by("-is_sponsor", "-is_champion", "pk").values_list("email", flat=True).first() or ""
    subject = _("Congratulations: %(title)s") % {"title": win.title}
    body = "\n\n".join(part for part in (win.title, win.story, house) if part)
    return f"mailto:{quote(address)}?subject={quote(subject)}&body={quote(body)}"
