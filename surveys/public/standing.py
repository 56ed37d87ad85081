"""The page of a survey that takes no answers now: what it waits for, and since or from when."""

from __future__ import annotations

from datetime import datetime

from django.http import HttpRequest, HttpResponse

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
