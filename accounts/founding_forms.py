"""Forms with which workspaces come into being."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.forms import PasswordForm, known_currency, time_zones
from accounts.models import User


class NewWorkspaceForm(forms.Form):
    company = forms.CharField(
        label=_("Name of your company"),
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "organization"}),
    )
    currency = forms.CharField(
        label=_("Currency"),
        max_length=3,
        initial="EUR",
        help_text=_("Three letters, such as EUR. It stays once there are amounts of money."),
    )
    time_zone = forms.ChoiceField(
        label=_("Time zone"), initial="Europe/Paris", help_text=_("For working days and times on screen.")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["time_zone"].choices = time_zones()  # type: ignore[attr-defined]  # the types know the base field only

    def clean_currency(self) -> str:
        return known_currency(self.cleaned_data["currency"])


class FirstWorkspaceForm(NewWorkspaceForm, PasswordForm):
    """The first workspace, with the person who owns it."""

    email = forms.EmailField(
        label=_("Your e-mail"),
        widget=forms.EmailInput(attrs={"autocomplete": "username"}),
        help_text=_("You sign in with it."),
    )
    field_order = ("company", "currency", "time_zone", "name", "email", "password")

    def person(self) -> User:
        return User(email=self.cleaned_data.get("email", ""), name=self.cleaned_data.get("name", ""))
