"""Words that hosts read about a survey, chosen by its state."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _

from csplatform.core import formats
from surveys.models import Audience, Kind, State, Survey
from surveys.standing import Next, Step, next_step

STATE_CLASSES: dict[str, str] = {State.DRAFT: "", State.OPEN: "ok", State.CLOSED: "watch", State.PUBLISHED: ""}
LANGUAGE_NAMES = {"en": "English", "fr": "Français", "de": "Deutsch"}


def moment(at: datetime) -> str:
    """Day and time in the active zone."""
    local = timezone.localtime(at)
    return _("%(day)s at %(time)s") % {"day": formats.day(local, get_language(), "medium"), "time": f"{local:%H:%M}"}


def step_of(survey: Survey) -> Next:
    return next_step(
        survey.state,
        opens_at=survey.opens_at,
        closes_at=survey.closes_at,
        publishes_at=survey.publishes_at,
        has_results_page=survey.kind == Kind.TOP3 or survey.audience == Audience.COMMUNITY,
    )


def sentence(survey: Survey) -> str:
    """The next step in words."""
    step = step_of(survey)
    words: dict[Step, Any] = {
        Step.OPEN: _("Check it, then open it"),
        Step.COLLECT: _("Send it by mail; close it when enough have answered")
        if survey.audience == Audience.CUSTOMERS
        else _("Share the link; close it when enough have answered"),
        Step.PUBLISH: _("Look through the answers, then publish"),
        Step.NEXT_WAVE: _("Start the next wave when its time comes"),
    }
    if step.at is None:
        return str(words[step.step])
    dated = {
        Step.OPENS_BY_ITSELF: _("Opens by itself on %(when)s"),
        Step.CLOSES_BY_ITSELF: _("Closes by itself on %(when)s"),
        Step.PUBLISHES_BY_ITSELF: _("Results are published on %(when)s"),
    }
    return dated[step.step] % {"when": moment(step.at)}


def shown(value: Any) -> str:
    """Any value of a survey on one line, to be compared by eye."""
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, dict):
        return " · ".join(f"{key}: {text}" for key, text in value.items() if text) or "–"
    if isinstance(value, list):
        return ", ".join(shown(each) for each in value) or "–"
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return str(value) if value not in (None, "") else "–"


def faults(survey: Survey, told: dict[str, str]) -> list[dict[str, str]]:
    """What keeps a survey from opening, each with the page on which it is put right (a URL name)."""
    pages = {"options": "survey_options", "questions": "survey_questions"}
    names = {
        "title": pgettext("survey", "Title"),
        "question": _("Question"),
        "options": _("Options"),
        "questions": _("Questions"),
    }
    found = []
    for field, problem in told.items():
        part, _dot, key = field.partition(".")
        where = f"{names.get(part, part)}: {key}" if key else names.get(part, part)
        found.append({"where": where, "problem": problem, "page": pages.get(part, "survey_texts")})
    return found


def flag(name: str) -> str:
    """Why an answer was flagged, in words."""
    words = {
        "trap": _("filled in a field that people do not see"),
        "cross_site": _("sent from another site"),
        "same_device": _("this device has answered before"),
        "too_fast": _("faster than anybody reads"),
        "no_proof": _("without proof of work"),
        "many_from_one": _("many answers from one sender"),
    }
    return str(words.get(name, name))
