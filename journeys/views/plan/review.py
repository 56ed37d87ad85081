"""The review page: what was promised, what came of it and what is next, to be printed for a business review."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.views.decorators.http import require_safe

from accounts.access import requires
from accounts.middleware import WorkspaceRequest
from accounts.models import Customer
from accounts.roles import Permission
from accounts.selectors import customer_page
from journeys import plan_pages
from journeys.models import OutcomeKind
from journeys.plan.rules import Status
from journeys.selectors import plan, wins
from journeys.views.plan.outcomes import value_url

QUARTER = timedelta(days=91)
MOST_WINS = 12


@require_safe
@requires(Permission.VIEW_CUSTOMERS)
def customer_review(request: WorkspaceRequest, customer_id: UUID) -> HttpResponse:
    """The review as of a day (today where none is asked for), with what changed in the quarter before it."""
    customer = customer_page.customer_for_page(customer_id)
    if customer is None:
        raise Http404
    now = timezone.now()
    day = _asked_day(request.GET.get("as_of", ""), now.date())
    known_by = now if day == now.date() else plan.end_of(day)
    return render(request, "journeys/plan/review.html", _review(customer, day, known_by))


def _asked_day(told: str, today: date) -> date:
    """The day asked for; 404 for one that is none or has not come."""
    if not told:
        return today
    try:
        day = parse_date(told)
    except ValueError:
        day = None
    if day is None or day > today:
        raise Http404
    return day


def _review(customer: Customer, day: date, known_by: datetime) -> dict[str, Any]:
    since = day - QUARTER
    reads = [read for read in plan.plan_of(customer.pk, day=day, known_by=known_by) if _belongs(read, since)]
    outcomes = [read for read in reads if read.outcome.kind == OutcomeKind.OUTCOME]
    before = {
        kpi.kpi_id: kpi.standing
        for read in plan.plans_of_outcomes([read.outcome.pk for read in outcomes], day=since)
        for kpi in read.kpis
    }
    rows = [plan_pages.outcome_row(read, to_customer=True) for read in outcomes]
    for row in rows:
        for kpi in row["kpis"]:
            kpi["chart"] = plan_pages.kpi_chart(kpi["read"], day)
            kpi["before"] = plan_pages.value_before(kpi["read"], before.get(kpi["id"]))
    return {
        "customer": customer,
        "customer_url": value_url(customer),
        "sentence": plan_pages.sentence(outcomes),
        "rows": rows,
        "changes": [
            version
            for read in outcomes
            for version in read.versions
            if since < version.effective_on <= day and version.reason and not version.settlement
        ],
        "wins": wins.between(customer.pk, since, day, known_by=known_by, most=MOST_WINS),
        "next": sorted((row for row in rows if row["read"].is_open and row["due_on"]), key=lambda row: row["due_on"])[
            :5
        ],
        "since": since,
        "day": day,
    }


def _belongs(read: plan.OutcomeRead, since: date) -> bool:
    """What is open, and what was decided within the quarter; what nobody wants any more is no subject of a review."""
    if read.standing.status is Status.DROPPED:
        return False
    if read.is_open:
        return True
    decided = [kpi.standing.measured_on for kpi in read.kpis if kpi.standing.measured_on]
    ends = [read.version.effective_on, *decided, *([read.standing.due_on] if read.standing.due_on else [])]
    return max(ends) > since
