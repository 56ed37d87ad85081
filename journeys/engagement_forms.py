"""Forms about engagements. They check shape; the rules stand in the services."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Contact, Customer, Workspace
from journeys.models import Channel, Direction, Outcome, Sentiment
from journeys.services.engagements import MAX_BODY
from journeys.services.quick_logging import MAX_LINE

_AS_TYPED = ("", _("As the line says"))


class LocalMoment(forms.CharField):
    """A moment typed as the workspace's clocks show it; given on in UTC."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
        super().__init__(widget=widget, **kwargs)
        self.zone = ZoneInfo("UTC")

    def clean(self, value: Any) -> datetime | None:
        told = super().clean(value)
        if not told:
            return None
        try:
            return datetime.fromisoformat(told).replace(tzinfo=self.zone).astimezone(UTC)
        except (ValueError, OverflowError):
            raise forms.ValidationError(_("Write day and time such as 2026-11-22T14:30.")) from None


class QuickLogForm(forms.Form):
    """The line, and what may be said beside it."""

    line = forms.CharField(
        label=_("Log a conversation"),
        max_length=MAX_LINE,
        widget=forms.TextInput(attrs={"autocomplete": "off", "placeholder": "call> Weekly review @ann +"}),
    )
    body = forms.CharField(
        label=_("Notes"), required=False, max_length=MAX_BODY, widget=forms.Textarea(attrs={"rows": 3})
    )
    occurred_at = LocalMoment(label=_("When, if not now"), required=False)
    direction = forms.ChoiceField(label=_("Who to whom"), choices=[_AS_TYPED, *Direction.choices], required=False)
    channel = forms.ChoiceField(label=_("Channel"), choices=[_AS_TYPED, *Channel.choices], required=False)
    sentiment = forms.ChoiceField(
        label=_("How it went"), choices=[_AS_TYPED, *(each for each in Sentiment.choices if each[0])], required=False
    )
    outcome: forms.ModelChoiceField[Outcome] = forms.ModelChoiceField(
        label=_("Outcome it served"), queryset=Outcome.objects.none(), required=False, empty_label=_("None")
    )
    customer = forms.UUIDField(required=False, widget=forms.HiddenInput)
    once = forms.UUIDField(required=False, widget=forms.HiddenInput)
    here = forms.CharField(required=False, max_length=300, widget=forms.HiddenInput)

    def __init__(self, *args: Any, workspace: Workspace, customer: Customer | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["occurred_at"].zone = ZoneInfo(workspace.time_zone)  # type: ignore[attr-defined]  # the types know the base field only
        if customer is None:
            del self.fields["outcome"]
            self.fields["line"].widget.attrs["placeholder"] = "call> #loxley Weekly review @ann +"
            return
        self.fields["outcome"].queryset = Outcome.objects.filter(customer=customer, settlement="")  # type: ignore[attr-defined]  # the types know the base field only
        self.fields["outcome"].label_from_instance = _statement  # type: ignore[attr-defined]  # the types know the base field only


def _statement(outcome: Outcome) -> str:
    newest = outcome.versions.order_by("-number").first()
    return newest.statement if newest else outcome.external_id


class EngagementForm(forms.Form):
    """Everything that can be changed about a conversation afterwards."""

    subject = forms.CharField(label=_("About"), max_length=300, required=False)
    direction = forms.ChoiceField(label=_("Who to whom"), choices=Direction.choices)
    channel = forms.ChoiceField(label=_("Channel"), choices=Channel.choices)
    occurred_at = LocalMoment(label=_("When"))
    sentiment = forms.ChoiceField(label=_("How it went"), choices=Sentiment.choices, required=False)
    third_party = forms.CharField(label=_("Third party"), max_length=200, required=False)
    contacts: forms.ModelMultipleChoiceField[Contact] = forms.ModelMultipleChoiceField(
        label=_("People"), queryset=Contact.objects.none(), required=False
    )
    body = forms.CharField(
        label=_("Notes"), required=False, max_length=MAX_BODY, widget=forms.Textarea(attrs={"rows": 8})
    )
    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, workspace: Workspace, customers: list[Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["occurred_at"].zone = ZoneInfo(workspace.time_zone)  # type: ignore[attr-defined]  # the types know the base field only
        people = Contact.objects.filter(customer_id__in=customers).order_by("name", "pk")
        self.fields["contacts"].queryset = people  # type: ignore[attr-defined]  # the types know the base field only


class TimelineForm(forms.Form):
    """What of a timeline is shown; nonsense in the address counts as nothing chosen."""

    direction = forms.ChoiceField(
        label=_("Who to whom"), choices=[("", _("Any direction")), *Direction.choices], required=False
    )
    channel = forms.ChoiceField(label=_("Channel"), choices=[("", _("Any channel")), *Channel.choices], required=False)
    sentiment = forms.ChoiceField(
        label=_("How it went"),
        choices=[("", _("Any mood")), *(each for each in Sentiment.choices if each[0])],
        required=False,
    )
    person = forms.UUIDField(label=_("Person"), required=False, widget=forms.Select)
    since = forms.DateField(label=_("From"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(label=_("To"), required=False, widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, *args: Any, people: list[Contact], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        named = [(str(each.pk), each.name or each.email or each.external_id) for each in people]
        self.fields["person"].widget.choices = [("", _("Anybody")), *named]


class FilesForm(forms.Form):
    """Which customer files were dropped at; the files themselves come as a list."""

    customer = forms.UUIDField(required=False, widget=forms.HiddenInput)
