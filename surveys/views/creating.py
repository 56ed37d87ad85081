"""A new survey: from the starter, empty, or as the next wave of another."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts.access import actor_of
from accounts.forms import errors_into
from accounts.middleware import WorkspaceRequest
from surveys.host_forms import STARTER, AddressForm, NewSurveyForm
from surveys.models import Survey
from surveys.services import building, waves
from surveys.views.access import BOTH, find, host_page


@host_page(BOTH)
def new(request: WorkspaceRequest) -> HttpResponse:
    """Which kind, under which address."""
    first = {"start": request.GET.get("start", STARTER), "language": get_language()}
    form = NewSurveyForm(request.POST or None, initial=first)
    if request.method == "POST" and form.is_valid():
        try:
            survey = _create(form.cleaned_data, request)
        except ValidationError as error:
            errors_into(form, error)
        else:
            messages.success(request, _("The draft is ready. Nobody can answer before you open it."))
            return redirect("survey_detail", survey.pk)
    return render(request, "surveys/host/new.html", {"form": form, "list_url": reverse("survey_list")})


def _create(told: dict[str, Any], request: WorkspaceRequest) -> Survey:
    settings: dict[str, Any] = {"wave": told["wave"]}
    if told["title"]:
        settings["title"] = {told["language"]: told["title"]}
    if told["start"] == STARTER:
        return building.create_from_starter(slug=told["slug"], actor=actor_of(request), now=timezone.now(), **settings)
    return building.create_survey(
        kind=told["start"], slug=told["slug"], actor=actor_of(request), now=timezone.now(), **settings
    )


@host_page(BOTH)
def wave(request: WorkspaceRequest, pk: UUID) -> HttpResponse:
    """The next wave of a survey: the same keys and wording, so that the two compare."""
    before = find(pk)
    form = AddressForm(request.POST or None, initial=waves.suggestion(before, timezone.localdate()))
    if request.method == "POST" and form.is_valid():
        try:
            survey = waves.next_wave(
                survey_id=pk,
                slug=form.cleaned_data["slug"],
                wave=form.cleaned_data["wave"],
                actor=actor_of(request),
                now=timezone.now(),
            )
        except ValidationError as error:
            errors_into(form, error)
        else:
            messages.success(request, _("The next wave is a draft with the same questions."))
            return redirect("survey_detail", survey.pk)
    context = {"form": form, "survey": before, "title": before.text("title", get_language() or "en")}
    return render(request, "surveys/host/wave.html", context)
