"""Today: what do I do now?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import extensions
from accounts.access import actor_of, requires
from accounts.middleware import WorkspaceRequest
from accounts.models import Customer
from accounts.models.customers import ContractState
from accounts.roles import Permission, Role, allows
from health import changes, narrative, panels, today_reads
from health.alerts import selectors as alerts
from health.alerts import words
from health.facts.outages import lasting
from health.models import DismissalKind, TodayDismissal
from health.services import today as putting_aside
from health.services.cards import version_on
from health.services.compute import card_of
from health.today import Ranked, holder_of_reserved_place, rank
from journeys.selectors import standing as journeys

PERSONAL_ROLES = frozenset({Role.CSM})
SHOWN_ALERTS = 3


@require_safe
@requires()
def today(request: WorkspaceRequest) -> HttpResponse:
    """The home page: by role the own portfolio or everybody's. A role without customers works with surveys only."""
    if not allows(request.membership.role, Permission.VIEW_CUSTOMERS):
        return redirect("survey_list")
    now = timezone.now()
    return render(request, "health/today.html", _context(request, now))


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.VIEW_CUSTOMERS, write=Permission.EDIT_CUSTOMERS)
def put_aside(request: WorkspaceRequest, customer_id: UUID) -> HttpResponse:
    """Done, or snoozed until a day, with the reason; a mistake shows the form again with what was typed."""
    customer = Customer.objects.filter(pk=customer_id).first()
    if customer is None:
        raise Http404
    form = PutAsideForm(request.POST or None, initial={"kind": request.GET.get("kind", DismissalKind.SNOOZED)})
    if request.method == "POST" and form.is_valid():
        try:
            dismissal = putting_aside.put_aside(
                customer=customer,
                member=request.membership,
                kind=DismissalKind(form.cleaned_data["kind"]),
                reason=form.cleaned_data["reason"],
                until=form.cleaned_data["until"],
                actor=actor_of(request),
                now=timezone.now(),
            )
        except ValidationError as error:
            form.add_error(None, error)
        else:
            return redirect(f"{reverse('today')}?aside={dismissal.pk}")
    return render(request, "health/put_aside.html", {"customer": customer, "form": form})


@require_POST
@requires(Permission.VIEW_CUSTOMERS, write=Permission.EDIT_CUSTOMERS)
def bring_back(request: WorkspaceRequest, dismissal_id: UUID) -> HttpResponse:
    """List a customer again that one put aside."""
    try:
        dismissal = putting_aside.bring_back(
            dismissal_id=dismissal_id, member=request.membership, actor=actor_of(request), now=timezone.now()
        )
    except TodayDismissal.DoesNotExist as error:
        raise Http404 from error
    messages.success(request, _("%(name)s is back on your list.") % {"name": dismissal.customer.name})
    return redirect("today")


class PutAsideForm(forms.Form):
    kind = forms.ChoiceField(
        label=gettext_lazy("What became of it"),
        choices=[
            (DismissalKind.SNOOZED, gettext_lazy("Later: show it again on a day")),
            (DismissalKind.DONE, gettext_lazy("Done: leave it out for two weeks")),
        ],
        widget=forms.RadioSelect,
    )
    until = forms.DateField(
        label=gettext_lazy("Show it again on"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=gettext_lazy("Only for “later”."),
    )
    reason = forms.CharField(label=gettext_lazy("Why"), max_length=500)


def _context(request: WorkspaceRequest, now: datetime) -> dict[str, Any]:
    day, member = now.date(), request.membership
    of = member if member.role in PERSONAL_ROLES else None
    standing = journeys.standing(of)
    list_url = reverse("customer_list")
    if not standing.customers and not standing.churned and not Customer.objects.exists():
        return {"setup": True}
    edges = panels.thresholds(card_of(version_on(day)))
    outage = lasting()
    candidates, middle = today_reads.asking(member=member, of=of, today=day, outage=outage is not None)
    queue = _queue(rank(candidates, day, middle=middle), edges, request.workspace.currency, day)
    deadlines = today_reads.deadlines(of, day)
    near = [item["deadline_days"] for item in queue if item["deadline"] and item["is_notice"]]
    scope = "&csm=me" if of else ""
    others = alerts.newest_for(member, leaving_out={item["customer"].pk for item in queue}, most=SHOWN_ALERTS)
    return {
        "setup": False,
        "outage": outage,
        "today": day,
        "now": now,
        "as_of": max((item["computed_at"] for item in queue if item["computed_at"]), default=None),
        "currency": request.workspace.currency,
        "may_act": allows(member.role, Permission.EDIT_CUSTOMERS),
        "aside": today_reads.put_aside_by(member, day),
        "just_aside": request.GET.get("aside", ""),
        "queue": queue,
        "at_stake_minor": sum(item["at_stake_minor"] for item in queue),
        "first_deadline_days": min(near, default=None),
        "alerts": words.lines(others, currency=request.workspace.currency, today=day),
        "good_news": _good_news(today_reads.good_news(of, day, edges[-1][1])),
        "portfolio": today_reads.portfolio(of, edges),
        "since": day - today_reads.LOOK_BACK,
        "portfolio_title": _("My portfolio") if of else _("All customers"),
        "portfolio_url": list_url,
        "portfolio_scope": scope,
        "renewals": [_renewal(customer, day) for customer in deadlines.rows],
        "renewals_total": deadlines.customers,
        "renewals_minor": deadlines.arr_minor,
        "renewals_until": deadlines.until,
        "stages": standing.rows(lambda stage: f"{list_url}?stage={stage.key}{scope}"),
        "churned": {"customers": standing.churned, "url": f"{list_url}?state=churned{scope}"},
    }


def _queue(ranked: Sequence[Ranked], edges: list[tuple[str, int]], currency: str, day: date) -> list[dict[str, Any]]:
    ids = [each.candidate.id for each in ranked]
    rows = Customer.objects.select_related("health", "csm__user").defer("traits").in_bulk(ids)
    moved = changes.movements(ids, day - today_reads.LOOK_BACK)
    stages = extensions.named_stages()
    reserved = holder_of_reserved_place(ranked)
    return [
        _item(each, rows[each.candidate.id], moved.get(each.candidate.id), edges, currency, day)
        | {
            "small": each.candidate.id == reserved,
            "stage_name": stages.get(rows[each.candidate.id].stage_key, ""),
        }
        for each in ranked
        if each.candidate.id in rows
    ]


def _item(
    each: Ranked,
    customer: Customer,
    moved: changes.Movement | None,
    edges: list[tuple[str, int]],
    currency: str,
    day: date,
) -> dict[str, Any]:
    deadline = customer.notice_deadline or customer.renewal_on
    if deadline is not None and deadline < day:
        deadline = None
    before = moved.points_before if moved else _before(customer)
    told = narrative.Situation(
        today=day,
        contract_state=customer.contract_state,
        band=customer.health.band,
        currency=currency,
        arr_minor=each.candidate.arr_minor,
        points=customer.health.points,
        points_before=before,
        band_before=panels.band_at(before, edges),
        since=moved.since if moved else day - today_reads.LOOK_BACK,
        coverage=customer.health.coverage,
        causes=moved.causes if moved else (),
        notice_deadline=customer.notice_deadline,
        renewal_on=customer.renewal_on,
    )
    return {
        "customer": customer,
        "url": reverse("customer_detail", args=[customer.pk]),
        "title": narrative.headline(told),
        "causes": sorted(told.causes, key=lambda cause: (-abs(cause.change), cause.label))[:3],
        "points_before": told.points_before,
        "points_now": customer.health.points,
        "since": told.since,
        "computed_at": moved.computed_at if moved else None,
        "at_stake_minor": each.candidate.arr_minor,
        "at_risk_minor": each.at_risk_minor,
        "urgency": each.urgency,
        "deadline": deadline,
        "is_notice": customer.notice_deadline is not None,
        "is_ending": customer.contract_state == ContractState.NOTICE_GIVEN,
        "deadline_days": (deadline - day).days if deadline else None,
    }


def _before(customer: Customer) -> int | None:
    """The points four weeks ago by the customer's own row, where no snapshot tells more."""
    if customer.health.points is None or customer.health.change is None:
        return None
    return customer.health.points - customer.health.change


def _good_news(news: Sequence[today_reads.GoodNews]) -> list[dict[str, Any]]:
    return [
        {
            "customer": each.customer,
            "url": reverse("customer_detail", args=[each.customer.pk]),
            "kind": each.kind,
            "gain_minor": each.gain_minor,
        }
        for each in news
    ]


def _renewal(customer: Customer, day: date) -> dict[str, Any]:
    assert customer.notice_deadline is not None
    return {
        "name": customer.name,
        "url": reverse("customer_detail", args=[customer.pk]),
        "deadline": customer.notice_deadline,
        "arr_minor": customer.arr_minor,
        "band": customer.health.band,
        "days": (customer.notice_deadline - day).days,
    }
