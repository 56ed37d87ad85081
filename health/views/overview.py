"""Health: how is the whole book?"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts import segments
from accounts.access import requires
from accounts.middleware import WorkspaceRequest
from accounts.models import Customer, SavedSegment
from accounts.roles import Permission
from accounts.selectors.customers import visible_segments
from csplatform.core.ids import parse_uuid
from health import overview as reading
from health import proof_page
from health.alerts import selectors as alerts
from health.facts.outages import lasting
from health.models import AlertState, ChurnProof
from health.overview import Fix, Mover

_SOURCES_FIXED_AT = {"surveys": "survey_list", "engagements": "customer_list", "judgement": "customer_list"}
_CAUSES = 2


@require_safe
@requires(Permission.VIEW_CUSTOMERS)
def overview(request: WorkspaceRequest) -> HttpResponse:
    """Bands now and four weeks ago, coverage, freshness, accuracy, alerts and movers, of everybody or of a segment."""
    now = timezone.now()
    listed = list(visible_segments(request.membership))
    asked = request.GET.get("segment", "")
    segment = next((each for each in listed if each.pk == parse_uuid(asked)), None)
    context: dict[str, Any] = {
        "segments": listed,
        "segment": segment,
        "problem": _("That segment does not exist any more. Shown is everybody.") if asked and not segment else "",
        "currency": request.workspace.currency,
        "now": now,
    }
    if not Customer.objects.exists():
        return render(request, "health/overview.html", {**context, "setup": True})
    chosen = None if segment is None else _members(segment, request, now)
    return render(request, "health/overview.html", {**context, **_shown(request, now.astimezone(UTC).date(), chosen)})


def _members(segment: SavedSegment, request: WorkspaceRequest, now: datetime) -> list[UUID]:
    told = segments.for_reader(segments.stored(segment.definition), request.membership.pk)
    return list(Customer.objects.filter(segments.condition(told, now=now)).values_list("pk", flat=True))


def _shown(request: WorkspaceRequest, today: date, chosen: list[UUID] | None) -> dict[str, Any]:
    book = reading.book(today, chosen)
    lacking = reading.coverage(chosen) if book.unknown.customers else None
    fell, rose = reading.movers(today, chosen)
    proof = ChurnProof.objects.defer("cards").order_by("-made_at").first()
    open_alerts = alerts.counts(None)
    return {
        "book": book,
        "bands": [
            {"now": now, "then": then, "difference": now.value - then.value}
            for now, then in zip(book.now, book.then, strict=True)
        ],
        "not_healthy_minor": sum(share.value for share in book.now if share.band in ("watch", "at_risk")),
        "worse_minor": book.moved(worse=True),
        "better_minor": book.moved(worse=False),
        "coverage": lacking,
        "fixes": [_fix(each) for each in lacking.fixes] if lacking else [],
        "fresh": reading.freshness(),
        "fell": [_mover(each) for each in fell],
        "rose": [_mover(each) for each in rose],
        "proof": proof,
        "verdict": proof_page.verdict(proof.document) if proof else "",
        "open_alerts": open_alerts.get(AlertState.OPEN, 0) + open_alerts.get(AlertState.ACKNOWLEDGED, 0),
        "outage": lasting(),
        "data_through": request.workspace.data_through,
    }


def _fix(fix: Fix) -> dict[str, Any]:
    """With the page that brings the measure's values: imports, but for what is asked or said of customers."""
    source = fix.item.spec.source
    query = "?band=unknown" if _SOURCES_FIXED_AT.get(source) == "customer_list" else ""
    return {
        "label": fix.item.label.get(get_language() or "en", fix.item.label["en"]),
        "lacking": fix.lacking,
        "customers": fix.customers,
        "arr_minor": fix.arr_minor,
        "how": _how(source),
        "url": reverse(_SOURCES_FIXED_AT.get(source, "import_list")) + query,
    }


def _how(source: str) -> str:
    return {
        "events": _("Connect the product or import its events"),
        "contacts": _("Import the people there"),
        "surveys": _("Ask them with a survey"),
        "judgement": _("Judge them"),
        "engagements": _("Note the conversations"),
    }.get(source, _("Import what is missing"))


def _mover(mover: Mover) -> dict[str, Any]:
    causes = sorted(mover.moved.causes, key=lambda cause: -abs(cause.change)) if mover.moved else []
    return {
        "customer": mover.customer,
        "url": reverse("customer_detail", args=[mover.customer.pk]),
        "change": mover.change,
        "causes": [cause for cause in causes if (cause.change < 0) == (mover.change < 0)][:_CAUSES],
    }
