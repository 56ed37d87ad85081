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
from health import measure_words, proof_words
from health import overview as reading
from health.alerts import selectors as alerts
from health.facts.outages import lasting
from health.models import AlertState, ChurnProof
from health.overview import Gain, Mover

_PAGES = {"surveys": "survey_list", "engagements": "customer_list", "judgement": "customer_list"}
"""The page that brings values, by their source; imports bring the others."""
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
        "fixes": [_fix(way, gain) for way, gain in lacking.ways] if lacking else [],
        "gains": [_gain(gain) for gain in lacking.measures] if lacking else [],
        "fresh": reading.freshness(),
        "fell": [_mover(each) for each in fell],
        "rose": [_mover(each) for each in rose],
        "proof": proof,
        "verdict": _verdict(proof),
        "open_alerts": open_alerts.get(AlertState.OPEN, 0) + open_alerts.get(AlertState.ACKNOWLEDGED, 0),
        "outage": lasting(),
        "data_through": request.workspace.data_through,
    }


def _verdict(proof: ChurnProof | None) -> str:
    if proof is None:
        return ""
    if proof.document["verdict"] == "not_enough_data":
        return _("Not enough data to judge yet.")
    return proof_words.verdict(proof.document)


def _gain(gain: Gain) -> dict[str, Any]:
    language = get_language() or "en"
    return {
        "labels": [item.label.get(language, item.label["en"]) for item in gain.items],
        "lacking": gain.lacking,
        "customers": gain.customers,
        "arr_minor": gain.arr_minor,
    }


def _fix(way: str, gain: Gain) -> dict[str, Any]:
    """With the page that brings the values."""
    page = _PAGES.get(way, "import_list")
    return {
        **_gain(gain),
        "name": _("Seats of subscriptions") if way == reading.SEATS else measure_words.source(way),
        "how": _how(way),
        "url": reverse(page) + ("?band=unknown" if page == "customer_list" else ""),
    }


def _how(way: str) -> str:
    return {
        "events": _("Connect the product or import its events"),
        "contacts": _("Import the people there"),
        "surveys": _("Ask them with a survey"),
        "judgement": _("Judge them"),
        "engagements": _("Note the conversations"),
    }.get(way, _("Import what is missing"))


def _mover(mover: Mover) -> dict[str, Any]:
    causes = sorted(mover.moved.causes, key=lambda cause: -abs(cause.change)) if mover.moved else []
    return {
        "customer": mover.customer,
        "url": reverse("customer_detail", args=[mover.customer.pk]),
        "change": mover.change,
        "causes": [cause for cause in causes if (cause.change < 0) == (mover.change < 0)][:_CAUSES],
    }
