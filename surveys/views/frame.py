"""What every page of one survey shows around its own content: title, state and the ways to its other pages."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from surveys import addresses, host_words
from surveys.models import Audience, Kind, Survey
from surveys.public.tokens import test_token

_ONLY_TOP3 = [
    ("survey_words", gettext_lazy("Own words")),
    ("survey_introductions", gettext_lazy("Introductions")),
]


def test_path(survey: Survey) -> str:
    """The form in test mode, also of a draft: its answers never count."""
    return f"{addresses.public_path(survey.slug)}?test={test_token(survey.pk)}"


def context(survey: Survey, here: str) -> dict[str, Any]:
    """``here``: the URL name of the page that is shown."""
    is_top3 = survey.kind == Kind.TOP3
    tabs = [
        ("survey_detail", _("Overview")),
        ("survey_texts", _("Texts")),
        *([("survey_options", _("Options"))] if is_top3 else []),
        ("survey_questions", _("Questions")),
        ("survey_settings", _("Settings")),
        ("survey_send", _("Send")),
        ("survey_answers", _("Answers")),
        *(_ONLY_TOP3 if is_top3 else [("survey_figures", _("Figures"))]),
        ("survey_publish", _("Results") if is_top3 else _("Publish")),
        *([("survey_beside", _("Beside others"))] if is_top3 and survey.audience == Audience.CUSTOMERS else []),
    ]
    return {
        "survey": survey,
        "is_top3": is_top3,
        "title": survey.text("title", get_language() or "en"),
        "state_class": host_words.STATE_CLASSES[survey.state],
        "tabs": [
            {"url": reverse(name, args=[survey.pk]), "label": label, "current": name == here} for name, label in tabs
        ],
    }
