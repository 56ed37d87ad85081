"""Publishing: the interim ranking for hosts, the results page before it is public, its versions and their notes."""

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
from surveys import addresses, host_words
from surveys.models import Kind, Option, State, Survey, pick
from surveys.public.pages import language_of
from surveys.results import made
from surveys.selectors import collection, places, versions
from surveys.services import corrections, publishing
from surveys.stats.shares import Method
from surveys.views import frame
from surveys.views.access import BOTH, find, host_page


@host_page(BOTH)
def results(request: WorkspaceRequest, pk: UUID) -> HttpResponse:
    """Where the results stand; ``action``: publish the next version, or add a note to the newest."""
    survey = find(pk)
    problems: list[str] = []
    if request.method == "POST":
        try:
            done = _act(request, survey)
        except ValidationError as error:
            problems = list(error.messages)
        else:
            messages.success(request, done)
            return redirect("survey_publish", pk)
    published = versions.versions_of(survey)
    counted = collection.collection_of(survey).counted
    context = {
        **frame.context(survey, "survey_publish"),
        "versions": [{"version": each, "when": host_words.moment(each.published_at)} for each in published],
        "next_number": published[0].number + 1 if published else 1,
        "changes": versions.changes_since(survey, published[0]) if published else None,
        "corrections": [
            {"line": line, "when": host_words.moment(line.at), "text": _text(survey, line.text)}
            for line in versions.corrections_of(survey)
        ],
        "columns": [{"code": code, "value": request.POST.get(f"text_{code}", "")} for code in survey.languages],
        "counted": counted,
        "interim": _interim(survey, counted) if survey.kind == Kind.TOP3 else [],
        "waiting": versions.waiting_for_results(survey),
        "public_path": addresses.public_path(survey.slug),
        "public_url": addresses.public_url(survey.slug),
        "problems": problems,
    }
    return render(request, "surveys/host/results.html", context, status=422 if problems else 200)


@host_page()
def preview(request: WorkspaceRequest, pk: UUID) -> HttpResponse:
    """The page readers would see if the next version were published now. Nothing is stored."""
    survey = find(pk)
    if survey.state == State.DRAFT:
        raise Http404
    now = timezone.now()
    # Publishing closes an open survey first; here it stays open, and nothing is saved.
    survey.closed_at = survey.closed_at or now
    drafted = publishing.assemble(survey=survey, by_label=actor_of(request).label, now=now)
    version = made.Version(drafted.results, drafted.rows, [])
    links = made.web_links(version, language_of(request, survey.languages), is_older=False)
    response = HttpResponse(made.html(version, links, method=Method.MENTIONS))
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    setattr(response, "_csp_replace", {"frame-ancestors": ["'self'"]})  # noqa: B010  (django-csp's own mark)
    return response


def _act(request: WorkspaceRequest, survey: Survey) -> str:
    actor, now = actor_of(request), timezone.now()
    note = {code: request.POST.get(f"text_{code}", "") for code in survey.languages}
    if request.POST.get("action") == "note":
        corrections.add_correction(survey_id=survey.pk, text=note, actor=actor, now=now)
        return _("The note stands in the public log of corrections.")
    publication = publishing.publish(survey_id=survey.pk, actor=actor, now=now)
    if publication.number > 1 and any(text.strip() for text in note.values()):
        corrections.add_correction(survey_id=survey.pk, text=note, actor=actor, now=now)
    return _("Version %(n)d is public. Thank you for hosting.") % {"n": publication.number}


def _text(survey: Survey, texts: dict[str, str]) -> str:
    return pick(texts, get_language() or "en", survey.languages)


def _interim(survey: Survey, counted: int) -> list[dict[str, Any]]:
    """Options by how often they are named; an order, and no places."""
    named = places.mentions_of(survey)
    rows = [
        {
            "label": _text(survey, option.label),
            "mentions": named.get(option.number, 0),
            "share": named.get(option.number, 0) / counted if counted else None,
            "number": option.number,
        }
        for option in Option.objects.filter(survey=survey)
    ]
    return sorted(rows, key=lambda row: (-row["mentions"], row["number"]))
