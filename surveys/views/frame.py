"""What every page of one survey shows around its own content: title, state and the ways to its other pages."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from surveys import host_words
from surveys.models import Survey


def context(survey: Survey, here: str) -> dict[str, Any]:
    """``here``: the URL name of the page that is shown."""
    tabs = [("survey_detail", _("Overview"))]
    return {
        "survey": survey,
        "title": survey.text("title", get_language() or "en"),
        "state_class": host_words.STATE_CLASSES[survey.state],  # type: ignore[index]
        "tabs": [
            {"url": reverse(name, args=[survey.pk]), "label": label, "current": name == here} for name, label in tabs
        ],
    }
