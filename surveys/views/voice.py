"""What own customers say over time, for everybody who may see customers."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.access import requires
from accounts.middleware import WorkspaceRequest
from accounts.roles import Permission, allows
from surveys import panels, voice_figures
from surveys.models import Kind
from surveys.selectors import voice

MONTHS = 24


@require_safe
@requires(Permission.VIEW_CUSTOMERS)
def trends(request: WorkspaceRequest) -> HttpResponse:
    """NPS, CSAT or CES by month with intervals, for everybody and by group."""
    with timezone.override(ZoneInfo(request.workspace.time_zone)):
        return render(request, "surveys/voice.html", _context(request))


def _context(request: WorkspaceRequest) -> dict[str, Any]:
    heard = voice.kinds_heard()
    may_host = allows(request.membership.role, Permission.HOST_SURVEYS)
    if not heard:
        return {"heard": heard, "may_host": may_host}
    kind = _one_of(request.GET.get("kind"), [each.value for each in voice.SCORED if each in heard])
    by = _one_of(request.GET.get("by"), list(voice.GROUPINGS))
    today = timezone.localdate()
    first = _months_back(today, MONTHS - 1)
    since = datetime(first.year, first.month, 1, tzinfo=timezone.get_current_timezone())
    cells = voice.histogram(kind, by, since)
    first = max(first, min((cell.month for cell in cells), default=first) - timedelta(days=31))
    months = sorted({cell.month for cell in cells}, reverse=True)
    newest = [cell for cell in cells if cell.month == months[0]] if months else []
    return {
        "heard": heard,
        "may_host": may_host,
        "kind": kind,
        "kind_label": Kind(kind).label,
        "by": by,
        "kinds": [
            {"label": each.label, "url": f"?kind={each.value}&by={by}", "current": each == kind}
            for each in voice.SCORED
            if each in heard
        ],
        "groupings": [
            {"label": label, "url": f"?kind={kind}&by={key}", "current": key == by}
            for key, label in zip(voice.GROUPINGS, (_("Industry"), _("Country"), _("CSM"), _("Plan")), strict=True)
        ],
        "latest": voice_figures.whole(kind, newest),
        "latest_month": months[0] if months else None,
        "chart": voice_figures.overall(kind, cells, first, today),
        "groups": voice_figures.groups(kind, cells, first, today, _("None given")),
        "most_groups": voice_figures.MOST_GROUPS,
        "words": [_said(row) for row in voice.words_of(kind)],
    }


def _one_of(wanted: str | None, offered: list[str]) -> str:
    return wanted if wanted in offered else offered[0]


def _months_back(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(year, month + 1, 1)


def _said(row: Any) -> dict[str, Any]:
    return {
        "customer": row.customer.name,
        "url": reverse("customer_detail", args=[row.customer_id]),
        "who": row.contact.role or str(row.contact) if row.contact else "",
        "at": row.occurred_at,
        "score": row.score,
        "word": voice_figures.word(row.survey.kind, row.score) if row.score is not None else "",
        "tone": voice_figures.tone(row.survey.kind, row.score) if row.score is not None else "",
        "words": panels.words_of(row),
    }
