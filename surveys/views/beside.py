"""A top-3 survey of own customers beside what the community published."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts.middleware import WorkspaceRequest
from csplatform.core import formats
from surveys.models import Kind
from surveys.selectors import beside as reads
from surveys.stats.contrasts import Contrast, Counted
from surveys.views import frame
from surveys.views.access import READ, find, host_page


@host_page(READ)
def beside(request: WorkspaceRequest, pk: UUID) -> HttpResponse:
    """Choose an edition; the shares stand side by side, and only what is clear is called a difference."""
    survey = find(pk)
    if survey.kind != Kind.TOP3:
        raise Http404
    language = get_language() or "en"
    offered = reads.published_editions(survey, timezone.now())
    wanted = request.GET.get("edition") or (offered[0].slug if offered else "")
    chosen = next((each for each in offered if each.slug == wanted), None)
    document = reads.document_of(chosen.slug) if chosen else None
    found = reads.beside(survey, document, language) if document else None
    context = {
        **frame.context(survey, "survey_beside"),
        "editions": [(each.slug, f"{each.title(language)}, {each.wave}".strip(", ")) for each in offered],
        "chosen": chosen,
        "chosen_title": chosen.title(language) if chosen else "",
        "found": found,
        "rows": [_row(row) for row in found.rows] if found else [],
        "clear": sum(row.contrast is not None and row.contrast.clear for row in found.rows) if found else 0,
    }
    return render(request, "surveys/host/beside.html", context)


def _row(row: reads.Row) -> dict[str, Any]:
    return {
        "label": row.label,
        "ours": _side(row.ours),
        "theirs": _side(row.theirs) if row.theirs else None,
        "difference": _difference(row.contrast),
        "is_clear": row.contrast is not None and row.contrast.clear,
    }


def _side(counted: Counted) -> dict[str, Any]:
    return {
        "share": counted.share,
        "width": round(100 * counted.share, 1),
        "low": round(100 * counted.interval.low, 1),
        "high": round(100 * counted.interval.high, 1),
    }


def _difference(contrast: Contrast | None) -> str:
    if contrast is None:
        return _("not compared: worded otherwise, or not offered there")
    points = formats.signed(round(100 * contrast.difference), get_language())
    if contrast.clear:
        return _("%(points)s points, clearly different") % {"points": points}
    return _("%(points)s points, no clear difference") % {"points": points}
