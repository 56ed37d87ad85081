"""How handovers go between departments."""

from __future__ import annotations

from datetime import timedelta

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.access import requires
from accounts.middleware import WorkspaceRequest
from accounts.roles import Department, Permission
from journeys.selectors import relay_analysis

PERIODS = (30, 90, 365)


@require_safe
@requires(Permission.VIEW_CUSTOMERS)
def analysis(request: WorkspaceRequest) -> HttpResponse:
    """Time to acceptance and reasons for declining, by pair of departments, over the last 30, 90 or 365 days."""
    told = request.GET.get("days", "365")
    if told not in {str(days) for days in PERIODS}:
        raise Http404
    now = timezone.now()
    since = now - timedelta(days=int(told))
    found = relay_analysis.analyse(since=since, now=now)
    here = reverse("relay_analysis")
    context = {
        "pairs": [
            {
                "pair": pair,
                "giver": Department(pair.giver_department).label,
                "taker": Department(pair.taker_department).label,
                "days": pair.median_hours / found.hours_a_day if pair.median_hours is not None else None,
                "causes": relay_analysis.cause_words(pair),
            }
            for pair in found.pairs
        ],
        "is_partial": found.is_partial,
        "most": relay_analysis.MOST,
        "hours_a_day": found.hours_a_day,
        "since": since,
        "now": now,
        "periods": [{"days": days, "url": f"{here}?days={days}", "current": str(days) == told} for days in PERIODS],
    }
    return render(request, "journeys/relay_analysis.html", context)
