"""Forms of requests and pain points. They check shape; the rules stand in the services."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from journeys.models import RequestKind, RequestStatus
from journeys.services.requests import MOST_WORDS


def _moment(label: Any, **options: Any) -> forms.DateField:
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    return forms.DateField(label=label, required=False, widget=widget, **options)


class RequestForm(forms.Form):
    """A new request, or new words for one."""

    title = forms.CharField(label=_("What is asked for, in a few words"), max_length=300)
    kind = forms.ChoiceField(label=_("Kind"), choices=RequestKind.choices, initial=RequestKind.PAIN_POINT)
    words = forms.CharField(
        label=_("What they said"), max_length=MOST_WORDS, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )


class NewRequestForm(RequestForm):
    customer_external_id = forms.CharField(
        label=_("Who asked"),
        max_length=10_000,
        required=False,
        help_text=_("The id of the customer in your data; several parted by |."),
    )
    raised_on = _moment(_("When"), help_text=_("Today where nothing is said."))
    contact_external_id = forms.CharField(required=False, max_length=200, widget=forms.HiddenInput)
    source_key = forms.CharField(required=False, max_length=200, widget=forms.HiddenInput)


class AnswerForm(forms.Form):
    status = forms.ChoiceField(label=_("Where it stands"), choices=RequestStatus.choices)
    answer = forms.CharField(
        label=_("What those who asked are told"),
        max_length=MOST_WORDS,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    shipped_on = _moment(_("Shipped on"), help_text=_("Only of what has shipped; today where nothing is said."))
    version = forms.IntegerField(widget=forms.HiddenInput, required=False, min_value=0)


class AskerForm(forms.Form):
    customer_external_id = forms.CharField(label=_("Id of the customer"), max_length=10_000)
