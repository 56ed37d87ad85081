"""Opening, closing and deleting by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.access import actor_of
from accounts.middleware import WorkspaceRequest
from surveys.services import editing, lifecycle
from surveys.views.access import WRITE, find, host_page


@host_page(WRITE)
def open_now(request: WorkspaceRequest, pk: UUID) -> HttpResponse:
    """Let people answer; what is missing is named where it must be written."""
    return _move(request, pk, lifecycle.open_survey, _("The survey is open: its link takes answers now."))


@host_page(WRITE)
def close_now(request: WorkspaceRequest, pk: UUID) -> HttpResponse:
    """Take no more answers."""
    return _move(request, pk, lifecycle.close_survey, _("The survey is closed and takes no more answers."))


@host_page(WRITE)
def delete(request: WorkspaceRequest, pk: UUID) -> HttpResponse:
    """Delete a draft; one that was opened stays."""
    find(pk)
    try:
        editing.delete_draft(survey_id=pk, actor=actor_of(request), now=timezone.now())
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("survey_detail", pk)
    messages.success(request, _("The draft is deleted."))
    return redirect("survey_list")


def _move(request: WorkspaceRequest, pk: UUID, service: Callable[..., Any], done: str) -> HttpResponse:
    find(pk)
    try:
        service(survey_id=pk, actor=actor_of(request), now=timezone.now())
    except ValidationError as error:
        for problem in refusals(error):
            messages.error(request, problem)
    else:
        messages.success(request, done)
    return redirect("survey_detail", pk)


def refusals(error: ValidationError) -> list[str]:
    """Each refusal with the field it concerns, as people read it."""
    if not hasattr(error, "error_dict"):
        return list(error.messages)
    return [f"{field}: {problem}" for field, problems in error.message_dict.items() for problem in problems]
