"""Forms of survey hosts. They check shape; the rules stand in the services."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from surveys.models import Kind

STARTER = "starter"
KINDS = [
    (STARTER, _("Top 3 challenges, from the starter list: 14 challenges and 4 questions in three languages")),
    (Kind.TOP3, _("Top 3 challenges, with options of your own")),
    (Kind.NPS, _("NPS: how likely people recommend you, 0 to 10")),
    (Kind.CSAT, _("CSAT: how content people are, 1 to 5")),
    (Kind.CES, _("CES: how easy it was, 1 to 7")),
    (Kind.FORM, _("Questionnaire with questions of your own")),
]


class AddressForm(forms.Form):
    slug = forms.CharField(
        label=_("Address"),
        max_length=60,
        help_text=_(
            "Lower-case letters, digits and hyphens, such as top-3-2027. It becomes part of the public link and stays."
        ),
    )
    wave = forms.CharField(
        label=_("Wave"),
        max_length=40,
        required=False,
        help_text=_("What tells this edition from others: 2027, spring …"),
    )

    def clean_slug(self) -> str:
        return str(self.cleaned_data["slug"]).strip().lower()


class NewSurveyForm(AddressForm):
    """What a new survey starts from. The title is the starter's own where none is typed."""

    start = forms.ChoiceField(label=_("What do you want to ask?"), choices=KINDS, widget=forms.RadioSelect)
    language = forms.ChoiceField(label=_("First language"), choices=settings.LANGUAGES)
    title = forms.CharField(
        label=_("Title"),
        max_length=200,
        required=False,
        help_text=_("In the first language; more languages can be added next. The starter brings a title."),
    )
    field_order = ["start", "title", "language", "slug", "wave"]

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if data.get("start") and data["start"] != STARTER and not data.get("title"):
            self.add_error("title", _("Give the survey a title."))
        return data
