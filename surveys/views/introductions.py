"""Introductions: who wants peers, challenge by challenge, and what became of those proposed."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts.access import actor_of
from accounts.middleware import WorkspaceRequest
from csplatform.core.ids import parse_uuid
from surveys import host_words
from surveys.models import OTHER, Kind, Option, Survey, pick
from surveys.selectors import introductions as reads
from surveys.services import introductions
from surveys.views import frame
from surveys.views.access import BOTH, find, host_page


@host_page(BOTH)
def meeting(request: WorkspaceRequest, pk: UUID) -> HttpResponse:
    """Pick two or more with the same challenge and say why; each is asked by mail."""
    survey = find(pk)
    if survey.kind != Kind.TOP3:
        raise Http404
    problems: list[str] = []
    if request.method == "POST":
        chosen = [found for text in request.POST.getlist("guest") if (found := parse_uuid(text))]
        try:
            introductions.propose(
                survey_id=pk,
                opt_in_ids=chosen,
                note=request.POST.get("note", ""),
                actor=actor_of(request),
                now=timezone.now(),
            )
        except ValidationError as error:
            problems = list(error.messages)
        else:
            messages.success(request, _("Each of them is asked by mail now; nobody sees an address before agreeing."))
            return redirect("survey_introductions", pk)
    labels = _labels(survey)
    ticked = set(request.POST.getlist("guest"))
    context = {
        **frame.context(survey, "survey_introductions"),
        "challenges": [
            {
                "number": each.number,
                "label": labels.get(each.number, ""),
                "people": [(person, str(person.pk) in ticked) for person in each.people],
                "is_enough": each.is_enough,
                "was_tried": any(str(person.pk) in ticked for person in each.people),
            }
            for each in reads.by_challenge(survey)
        ],
        "proposed": [_line(each, labels) for each in reads.proposed(survey)[:50]],
        "note": request.POST.get("note", ""),
        "problems": problems,
    }
    return render(request, "surveys/host/introductions.html", context, status=422 if problems else 200)


def _labels(survey: Survey) -> dict[int, str]:
    language = get_language() or "en"
    found = {
        option.number: pick(option.label, language, survey.languages) for option in Option.objects.filter(survey=survey)
    }
    return {**found, OTHER: _("In own words")}


def _line(each: Any, labels: dict[int, str]) -> dict[str, Any]:
    return {
        "introduction": each,
        "label": labels.get(each.challenge, ""),
        "when": host_words.moment(each.created_at),
        "made": host_words.moment(each.made_at) if each.made_at else "",
        "silent": each.asked - each.agreed - each.declined,
    }
