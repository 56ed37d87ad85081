"""Settings of adoption: what counts as activated, habitual and lapsed, and under which name people are shown."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import actor_of, requires
from accounts.forms import errors_into
from accounts.middleware import WorkspaceRequest
from accounts.roles import Permission
from journeys import adoption_words
from journeys.adoption.rules import parse
from journeys.adoption_forms import DisplayForm, RulesForm
from journeys.models import AdoptionRules
from journeys.selectors import adoption as reads
from journeys.services.adoption import settings

_BAD = 422
_SHOWN_VERSIONS = 30


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.CONFIGURE)
def adoption_settings(request: WorkspaceRequest) -> HttpResponse:
    """The rules in force and their history."""
    if request.method != "POST":
        return _page(request)
    form = RulesForm(request.POST)
    if not form.is_valid():
        return _page(request, form=form, status=_BAD)
    data = form.cleaned_data
    try:
        settings.set_rules(
            definition=data["definition"],
            effective_on=data["effective_on"],
            reason=data["reason"],
            expected_number=data["version"],
            actor=actor_of(request),
            now=timezone.now(),
        )
    except ValidationError as error:
        errors_into(form, error)
        return _page(request, form=form, status=_BAD)
    messages.success(request, _("Saved. Everybody is followed by the new rules within a minute or so."))
    return redirect("adoption_settings")


@require_POST
@requires(Permission.CONFIGURE)
def adoption_display(request: WorkspaceRequest) -> HttpResponse:
    """Under which name people are shown."""
    form = DisplayForm(request.POST)
    if not form.is_valid():
        return _page(request, display=form, status=_BAD)
    settings.show_people(people=form.cleaned_data["people"], actor=actor_of(request), now=timezone.now())
    messages.success(request, _("Saved. It applies from now on, everywhere."))
    return redirect("adoption_settings")


def _page(
    request: WorkspaceRequest, *, form: RulesForm | None = None, display: DisplayForm | None = None, status: int = 200
) -> HttpResponse:
    versions = list(AdoptionRules.objects.order_by("-number")[:_SHOWN_VERSIONS])
    rules = parse(versions[0].definition if versions else reads.definitions()[0][1])
    context: dict[str, Any] = {
        "form": form or RulesForm(initial=RulesForm.initial_of(rules, versions[0].number if versions else 0)),
        "display": display or DisplayForm(initial={"people": reads.shown().people.value}),
        "sentences": adoption_words.explained(rules),
        "versions": [{"row": row, "sentences": adoption_words.explained(parse(row.definition))} for row in versions],
    }
    return render(request, "journeys/adoption/settings.html", context, status=status)
