"""Forms of advocacy. They check shape; the rules stand in the services."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from journeys.models import AdvocacyKind, AdvocacyState
from journeys.services.advocacy import MOST_WHY
from journeys.services.advocacy_peace import MOST_DAYS, MOST_REASON


class ActForm(forms.Form):
    """A new act: only thought of, asked just now, or done without anybody asking."""

    kind = forms.ChoiceField(
        label=_("What"), choices=[each for each in AdvocacyKind.choices if each[0] != AdvocacyKind.PROMOTER]
    )
    state = forms.ChoiceField(
        label=_("Where it stands"),
        choices=[
            each
            for each in AdvocacyState.choices
            if each[0] in (AdvocacyState.ASKED, AdvocacyState.SUGGESTED, AdvocacyState.AGREED, AdvocacyState.DONE)
        ],
        initial=AdvocacyState.ASKED,
    )
    contact_external_id = forms.ChoiceField(label=_("Who"), required=False)
    why = forms.CharField(label=_("Why they may like to"), max_length=MOST_WHY, required=False)

    def __init__(self, *args: object, people: list[tuple[str, str]], **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # passed on as they came
        field = self.fields["contact_external_id"]
        field.choices = [("", _("Nobody by name")), *people]  # type: ignore[attr-defined]  # the types know the base field only


class StepForm(forms.Form):
    state = forms.ChoiceField(choices=AdvocacyState.choices)
    url = forms.CharField(max_length=500, required=False)


class ReferForm(forms.Form):
    name = forms.CharField(label=_("Who was referred"), max_length=300, required=False)
    external_id = forms.CharField(
        label=_("Id in your data"),
        max_length=200,
        required=False,
        help_text=_("Of a customer you know already, to link it; or the id the new one is to have."),
    )


class SilenceForm(forms.Form):
    reason = forms.CharField(label=_("Why not to ask"), max_length=MOST_REASON)
    until = forms.DateField(
        label=_("Until"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("For good where nothing is said."),
    )
    contact_external_id = forms.ChoiceField(label=_("Whom"), required=False)

    def __init__(self, *args: object, people: list[tuple[str, str]], **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # passed on as they came
        field = self.fields["contact_external_id"]
        field.choices = [("", _("Everybody there")), *people]  # type: ignore[attr-defined]  # the types know the base field only


class RestForm(forms.Form):
    customer_days = forms.IntegerField(label=_("Days between two asks of a customer"), min_value=0, max_value=MOST_DAYS)
    contact_days = forms.IntegerField(label=_("Days between two asks of a person"), min_value=0, max_value=MOST_DAYS)
