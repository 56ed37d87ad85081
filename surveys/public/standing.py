"""The pages of a survey that takes no answer: not now, and since or from when; or not from whoever asks."""

from __future__ import annotations

from datetime import datetime

from django.http import HttpRequest, HttpResponse

from accounts.models import Workspace
from surveys.models import State, Survey
from surveys.public.pages import page
from surveys.public.words import moment


def closed_page(request: HttpRequest, survey: Survey, now: datetime, *, status: int = 200) -> HttpResponse:
    """Not open yet, closed, or published; ``status`` 409 where an answer came too late."""
    is_over = survey.state in (State.CLOSED, State.PUBLISHED) or survey.state == State.OPEN
    return page(
        request,
        "surveys/public/closed.html",
        survey,
        status=status,
        is_over=is_over,
        is_published=survey.state == State.PUBLISHED,
        opens=moment(survey.opens_at) if survey.opens_at and survey.opens_at > now else "",
        closed=moment(survey.closed_at or survey.closes_at),
        too_late=status == 409,
    )


def uninvited_page(request: HttpRequest, survey: Survey) -> HttpResponse:
    """A survey for own customers, opened or answered without a personal link (403). Nothing is stored."""
    house = Workspace.objects.values_list("name", flat=True).get(pk=survey.workspace_id)
    was_sent = request.method == "POST"
    return page(request, "surveys/public/uninvited.html", survey, status=403, house=house, was_sent=was_sent)
