"""The list of surveys, and how one of them goes."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts.middleware import WorkspaceRequest
from surveys import addresses, host_words
from surveys.models import Channel, State, Survey
from surveys.selectors import collection
from surveys.services import lifecycle
from surveys.views import frame
from surveys.views.access import find, host_page

_PAGE = 50


@host_page()
def listing(request: WorkspaceRequest) -> HttpResponse:
    """All surveys, the newest first, each with its next step."""
    page = Paginator(collection.newest_first(), _PAGE).get_page(request.GET.get("page"))
    shown = list(page)
    counts = collection.counts(survey.pk for survey in shown)
    context = {
        "rows": [_row(survey, counts.get(survey.pk, collection.Tallied())) for survey in shown],
        "previous_url": f"?page={page.previous_page_number()}" if page.has_previous() else None,
        "next_url": f"?page={page.next_page_number()}" if page.has_next() else None,
        "shown": _("%(first)d to %(last)d of %(all)d")
        % {"first": page.start_index(), "last": page.end_index(), "all": page.paginator.count},
    }
    return render(request, "surveys/host/list.html", context)


def _row(survey: Survey, tallied: collection.Tallied) -> dict[str, Any]:
    return {
        "survey": survey,
        "title": survey.text("title", get_language() or "en"),
        "url": reverse("survey_detail", args=[survey.pk]),
        "state_class": host_words.STATE_CLASSES[survey.state],
        "tallied": tallied,
        "next": host_words.sentence(survey),
    }


@host_page()
def detail(request: WorkspaceRequest, pk: UUID) -> HttpResponse:
    """One survey: where it stands, its link, and the answers day by day."""
    survey = find(pk)
    collected = collection.collection_of(survey)
    days = collection.days_of(survey, until=timezone.localdate())
    context = {
        **frame.context(survey, "survey_detail"),
        "collected": collected,
        "languages": [(host_words.LANGUAGE_NAMES.get(key, key), n) for key, n in collected.languages.most_common()],
        "channels": [(Channel(key).label, n) for key, n in collected.channels.most_common()],
        "bars": _bars(days),
        "most": max((n for _day, n in days), default=0),
        "days": days,
        "public_url": addresses.public_url(survey.slug),
        "public_path": addresses.public_path(survey.slug),
        "next": host_words.sentence(survey),
        "test_path": frame.test_path(survey),
        "faults": host_words.faults(survey, lifecycle.faults(survey)) if survey.state == State.DRAFT else [],
    }
    return render(request, "surveys/host/detail.html", context)


_CHART_HEIGHT = 110
_GAP_SHARE = 0.2


def _bars(days: list[tuple[Any, int]]) -> list[dict[str, Any]]:
    """Bars in percent of the width and pixels of height, the largest as tall as the chart."""
    most = max((n for _day, n in days), default=0)
    if not most:
        return []
    # A survey of three days has bars, not walls.
    width = 100 / max(len(days), 21)
    return [
        {
            "day": day,
            "n": n,
            "x": round(i * width, 3),
            "width": round(width * (1 - _GAP_SHARE), 3),
            "end": round((i + 1) * width - width * _GAP_SHARE, 3),
            "height": (height := round(_CHART_HEIGHT * n / most, 1)),
            "y": round(_CHART_HEIGHT - height, 1),
        }
        for i, (day, n) in enumerate(days)
    ]
