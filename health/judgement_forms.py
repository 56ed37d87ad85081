"""The form by which a CSM says what they think of a customer."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from health.services import judging

SCORES = (
    (5, _("5: very good")),
    (4, _("4: good")),
    (3, _("3: neither good nor bad")),
    (2, _("2: bad")),
    (1, _("1: very bad")),
)


class JudgementForm(forms.Form):
    score = forms.TypedChoiceField(label=_("My judgement"), choices=SCORES, coerce=int, initial=3)
    reason = forms.CharField(
        label=_("Why"),
        max_length=judging.MOST_WORDS,
        widget=forms.TextInput(attrs={"class": "input"}),
        help_text=_("What you saw or heard that the figures do not say."),
    )
    until = forms.DateField(
        label=_("Counts until"),
        widget=forms.DateInput(attrs={"type": "date", "class": "input"}, format="%Y-%m-%d"),
        help_text=_("Afterwards it is unknown again, so that no old opinion lives on in a score."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["score"].widget.attrs["class"] = "input"
