"""Forms of the webhooks pages. They check shape; the rules stand in ``accounts.webhooks``."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import DeliveryState, WebhookEndpoint
from accounts.webhooks import addresses
from accounts.webhooks.catalogue import TEST_EVENT, all_events, noun_of, nouns


def _patterns() -> list[tuple[str, Any]]:
    """What one may choose: everything, all of a noun, single events with what they mean."""
    chosen: list[tuple[str, Any]] = [("*", _("Everything"))]
    for noun in nouns():
        chosen.append((f"{noun}.*", _("%(events)s: all of these") % {"events": f"{noun}.*"}))
        chosen += [
            (each.name, f"{each.name}: {each.description}") for each in all_events() if noun_of(each.name) == noun
        ]
    return [(value, label) for value, label in chosen if value != TEST_EVENT]


class WebhookForm(forms.Form):
    url = forms.CharField(
        label=_("Address"),
        max_length=addresses.LONGEST,
        widget=forms.URLInput(attrs={"placeholder": "https://"}),
        help_text=_("Begins with https:// and is reachable from the internet."),
    )
    description = forms.CharField(label=_("What is it for?"), max_length=200, required=False)
    events = forms.MultipleChoiceField(
        label=_("What does it hear of?"), choices=_patterns, widget=forms.CheckboxSelectMultiple
    )


class WebhookEditForm(WebhookForm):
    is_enabled = forms.BooleanField(
        label=_("Switched on"),
        required=False,
        help_text=_("Switching off ends what is on its way; it can be replayed later."),
    )

    def __init__(self, *args: Any, endpoint: WebhookEndpoint, **kwargs: Any) -> None:
        names = ("url", "description", "events", "is_enabled")
        kwargs["initial"] = {name: getattr(endpoint, name) for name in names}
        super().__init__(*args, **kwargs)


class DeliveryFilterForm(forms.Form):
    state = forms.ChoiceField(label=_("State"), required=False)
    event = forms.ChoiceField(label=_("Event"), required=False)
    since = forms.DateField(label=_("Since"), required=False, widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        every = ("", _("All"))
        self.fields["state"].choices = [every, *DeliveryState.choices]  # type: ignore[attr-defined]  # the types know the base field only
        self.fields["event"].choices = [every, *((each.name, each.name) for each in all_events())]  # type: ignore[attr-defined]  # the types know the base field only


class ReplayForm(forms.Form):
    since = forms.DateField(
        label=_("Of what happened since"),
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("A day, in UTC."),
    )
