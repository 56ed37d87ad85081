"""Forms of the journey's pages. They check shape; the rules stand in the services."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Membership, Workspace
from accounts.selectors.members import present_members
from journeys.models import DeclineCause
from journeys.services.relaying import MAX_NOTE, MAX_REASON


class DeclineForm(forms.Form):
    cause = forms.ChoiceField(
        label=_("What kind of reason"),
        choices=[*((value, label) for value, label in DeclineCause.choices if value), ("", DeclineCause.OTHER.label)],
        required=False,
    )
    reason = forms.CharField(
        label=_("Why, in your words"),
        max_length=MAX_REASON,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("The giver reads this, and may offer it again."),
    )


class AcceptForm(forms.Form):
    note = forms.CharField(required=False, max_length=MAX_NOTE, widget=forms.Textarea(attrs={"rows": 2}))


class WithdrawForm(forms.Form):
    reason = forms.CharField(label=_("Why"), required=False, max_length=MAX_REASON)


class ReofferForm(forms.Form):
    """Offer again. ``taker``: nobody chosen asks whoever holds the place in the account team, else the department."""

    reason = forms.CharField(
        label=_("What has changed since"), max_length=MAX_REASON, widget=forms.Textarea(attrs={"rows": 2})
    )
    taker: forms.ModelChoiceField[Membership] = forms.ModelChoiceField(
        label=_("To"),
        queryset=Membership.objects.none(),
        required=False,
        empty_label=_("The account team, else anybody of the department"),
    )

    def __init__(self, *args: Any, workspace: Workspace, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["taker"].queryset = present_members(workspace)  # type: ignore[attr-defined]  # the types know the base field only
