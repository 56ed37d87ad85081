"""Forms of survey hosts. They check shape; the rules stand in the services."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from surveys import sheets
from surveys.models import Audience, Checks, Kind, Survey

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
        label=pgettext_lazy("survey", "Title"),
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


class SurveyForm(forms.Form):
    """A form over some of a survey's columns. ``told()``: those columns as the service takes them."""

    def __init__(self, *args: Any, survey: Survey, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.survey = survey

    def told(self) -> dict[str, Any]:
        raise NotImplementedError

    def word(self, column: str) -> Any:
        """What the page calls a column."""
        return self.fields[column].label if column in self.fields else WORDS.get(column, column)

    def placed(self, error: ValidationError) -> ValidationError:
        """A refusal by column, moved to the field on the page that holds it."""
        return error


WORDS = {
    "title": pgettext_lazy("survey", "Title"),
    "question": _("Question"),
    "intro": _("Introduction"),
    "thanks": _("Thanks"),
    "purpose": _("Purpose and retention, as respondents read it"),
}
TEXTS = {
    "title": _("The name of the survey, on every page of it."),
    "question": _("What people are asked to answer."),
    "intro": _("A sentence or two above the question: how long it takes, what becomes of it."),
    "thanks": _("After answering. The receipt code and the opt-ins follow it."),
    "purpose": _("What the answers are for, how long they are kept, and who sees them."),
}
"""The texts of a survey, in the order of the page, with what each is for."""


class TextsForm(SurveyForm):
    """Every text beside itself in each language; a language that is not yet ticked has no column."""

    languages = forms.MultipleChoiceField(
        label=_("Languages"), choices=settings.LANGUAGES, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["languages"] = self.survey.languages
        for column in TEXTS:
            for code in self.survey.languages:
                widget = forms.TextInput() if column == "title" else forms.Textarea(attrs={"rows": 3})
                self.fields[f"{column}_{code}"] = forms.CharField(
                    label=f"{WORDS[column]} {code.upper()}", required=False, max_length=2_000, widget=widget
                )
                self.initial[f"{column}_{code}"] = getattr(self.survey, column).get(code, "")

    def told(self) -> dict[str, Any]:
        chosen = [code for code, _name in settings.LANGUAGES if code in self.cleaned_data["languages"]]
        texts = {
            column: {
                **{
                    code: text
                    for code, text in getattr(self.survey, column).items()
                    if code not in self.survey.languages
                },
                **{code: text for code in self.survey.languages if (text := self.cleaned_data[f"{column}_{code}"])},
            }
            for column in TEXTS
        }
        return {"languages": chosen, **texts}

    def rows(self) -> list[dict[str, Any]]:
        """Per text its name, what it is for, and its fields by language; a missing one is marked."""
        return [
            {
                "name": WORDS[column],
                "help": help_text,
                "cells": [
                    {"field": (field := self[f"{column}_{code}"]), "code": code, "is_missing": not field.value()}
                    for code in self.survey.languages
                ],
            }
            for column, help_text in TEXTS.items()
        ]

    def placed(self, error: ValidationError) -> ValidationError:
        if not hasattr(error, "error_dict"):
            return error
        first = self.survey.languages[0]
        return ValidationError(
            {(f"{field}_{first}" if field in TEXTS else field): told for field, told in error.error_dict.items()}
        )


def _moment(label: Any, help_text: Any = "") -> forms.DateTimeField:
    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    return forms.DateTimeField(label=label, required=False, widget=widget, help_text=help_text)


class SettingsForm(SurveyForm):
    opens_at = _moment(_("Opens"), _("Left empty, you open it by hand."))
    closes_at = _moment(_("Closes"))
    publishes_at = _moment(_("Results are published"))
    results_on = forms.DateField(
        label=_("Day promised to respondents"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("The thanks page says that the results appear on this day."),
    )
    hosts = forms.CharField(
        label=_("Hosts"),
        required=False,
        max_length=2_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("One a line: name, company. They stand on the public page."),
    )
    wave = forms.CharField(label=_("Wave"), required=False, max_length=40)
    audience = forms.ChoiceField(
        label=_("Who may answer"),
        choices=Audience.choices,
        help_text=_(
            "Your own customers answer by the personal links you send; the public address turns everybody else away."
        ),
    )
    checks = forms.ChoiceField(
        label=_("Checks against robots"),
        choices=Checks.choices,
        help_text=_("They flag suspicious answers; a flagged answer counts until you remove it."),
    )
    confirm_by_email = forms.BooleanField(
        label=_("Count one answer for each confirmed e-mail address"),
        required=False,
        help_text=_(
            "People type their address and confirm it by a mailed link; until then the answer is stored, not counted. "
            "Fewer answer then. Personal links need no confirming. Only a keyed hash of the address is kept."
        ),
    )
    allow_other = forms.BooleanField(label=_("Offer “other, in your own words”"), required=False)
    is_listed = forms.BooleanField(label=_("Name it in the public list of editions"), required=False)
    publish_rows = forms.BooleanField(
        label=_("Publish the anonymised answers with the results"),
        required=False,
        help_text=_("Rows carry a group only where at least 10 people are in it."),
    )
    licence = forms.CharField(label=_("Licence of the published data"), max_length=60)
    retention_days = forms.IntegerField(
        label=_("Answers are kept for (days after closing)"), min_value=1, max_value=3650
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in self.fields:
            self.initial[name] = getattr(self.survey, name)
        lines = [", ".join(filter(None, (host.get("name"), host.get("company")))) for host in self.survey.hosts]
        self.initial["hosts"] = "\n".join(lines)

    def told(self) -> dict[str, Any]:
        return {**self.cleaned_data, "hosts": sheets.hosts(self.cleaned_data["hosts"])}
