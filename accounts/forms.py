"""Forms of sign-in by invitation and of the settings pages. They check shape; the rules stand in the services."""

from __future__ import annotations

from datetime import date
from typing import Any
from zoneinfo import available_timezones

from babel.numbers import is_currency
from django import forms
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import Customer, Membership, User, Workspace
from accounts.models.customers import TeamRole
from accounts.roles import Department, Role
from accounts.services.keys import SCOPES
from accounts.services.portfolio import Kind


def time_zones() -> list[tuple[str, str]]:
    """Every time zone by region, as choices."""
    return [(zone, zone.replace("_", " ")) for zone in sorted(available_timezones()) if "/" in zone or zone == "UTC"]


def known_currency(code: str) -> str:
    """``code`` in capitals; raises ``ValidationError`` when it is no currency."""
    currency = code.strip().upper()
    if not is_currency(currency):
        raise ValidationError(_("%(code)s is no currency we know."), params={"code": currency})
    return currency


_SCOPE_WORDS = {
    "read": _("Read: customers, scores, lists"),
    "write": _("Write: customers, contacts, subscriptions, imports"),
    "ingest": _("Ingest: send product events"),
    "admin": _("Admin: measures, scorecards, members"),
}


def roles_on_offer(*, may_manage_owners: bool) -> list[tuple[str, Any]]:
    """The roles somebody may give: only owners give ownership."""
    return [(value, label) for value, label in Role.choices if may_manage_owners or value != Role.OWNER]


class InviteForm(forms.Form):
    email = forms.EmailField(label=_("E-mail"))
    role = forms.ChoiceField(label=_("Role"))
    department = forms.ChoiceField(label=_("Department"), choices=Department.choices)

    def __init__(self, *args: Any, may_manage_owners: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"].choices = roles_on_offer(may_manage_owners=may_manage_owners)  # type: ignore[attr-defined]  # the types know the base field only
        self.fields["role"].initial = Role.CSM
        self.fields["department"].initial = Department.CUSTOMER_SUCCESS


class MemberForm(forms.Form):
    role = forms.ChoiceField(label=_("Role"))
    department = forms.ChoiceField(label=_("Department"), choices=Department.choices)

    def __init__(self, *args: Any, membership: Membership, may_manage_owners: bool, **kwargs: Any) -> None:
        kwargs["initial"] = {"role": membership.role, "department": membership.department}
        super().__init__(*args, **kwargs)
        offered = roles_on_offer(may_manage_owners=may_manage_owners or membership.role == Role.OWNER)
        self.fields["role"].choices = offered  # type: ignore[attr-defined]  # the types know the base field only


class RemoveMemberForm(forms.Form):
    successor: forms.ModelChoiceField[Membership] = forms.ModelChoiceField(
        label=_("Customers go to"),
        queryset=Membership.objects.none(),
        required=False,
        empty_label=_("Nobody: they stay without, until somebody takes them"),
    )

    def __init__(self, *args: Any, colleagues: QuerySet[Membership], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["successor"].queryset = colleagues  # type: ignore[attr-defined]  # the types know the base field only


class KeyForm(forms.Form):
    name = forms.CharField(label=_("What is it for?"), max_length=200)
    scopes = forms.MultipleChoiceField(
        label=_("What may it do?"),
        choices=[(scope, _SCOPE_WORDS[scope]) for scope in SCOPES],
        widget=forms.CheckboxSelectMultiple,
    )


class PortfolioForm(forms.Form):
    """Who hands what to whom. ``scope``: everything, or the customers that are ticked."""

    to_member: forms.ModelChoiceField[Membership] = forms.ModelChoiceField(
        label=_("To"), queryset=Membership.objects.none()
    )
    kind = forms.ChoiceField(label=_("How long"), choices=Kind.choices, widget=forms.RadioSelect, initial=Kind.LEAVE)
    until = forms.DateField(
        label=_("Day of the return"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    roles = forms.MultipleChoiceField(
        label=_("Roles"), choices=TeamRole.choices, widget=forms.CheckboxSelectMultiple, initial=list(TeamRole.values)
    )
    customers: forms.ModelMultipleChoiceField[Customer] = forms.ModelMultipleChoiceField(
        label=_("Only these customers"),
        queryset=None,
        required=False,
        help_text=_("Choose none to hand over all of them."),
        widget=forms.SelectMultiple(attrs={"size": 8}),
    )

    def __init__(
        self, *args: Any, colleagues: QuerySet[Membership], customers: QuerySet[Customer], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["to_member"].queryset = colleagues  # type: ignore[attr-defined]  # the types know the base field only
        self.fields["customers"].queryset = customers  # type: ignore[attr-defined]  # the types know the base field only

    def arguments(self) -> dict[str, Any]:
        """The choices as ``portfolio.hand_over`` takes them."""
        data = self.cleaned_data
        chosen = [customer.pk for customer in data["customers"]]
        until: date | None = data["until"] if data["kind"] == Kind.LEAVE else None
        return {
            "to_member": data["to_member"],
            "kind": Kind(data["kind"]),
            "until": until,
            "roles": data["roles"],
            "customers": chosen or None,
        }


class WorkspaceForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    class Meta:
        model = Workspace
        fields = ["name", "currency", "time_zone", "locale", "grace_days"]
        labels = {
            "name": _("Name"),
            "currency": _("Currency"),
            "time_zone": _("Time zone"),
            "locale": _("Language of mails"),
            "grace_days": _("Grace period in days"),
        }
        help_texts = {
            "currency": _("Three letters, such as EUR. It stays once there are amounts of money."),
            "time_zone": _("For working days and times on screen; scores use UTC days."),
        }

    def __init__(self, *args: Any, currency_is_fixed: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["time_zone"] = forms.ChoiceField(
            label=_("Time zone"), choices=time_zones(), help_text=self.fields["time_zone"].help_text
        )
        self.fields["locale"] = forms.ChoiceField(label=_("Language of mails"), choices=settings.LANGUAGES)
        self.fields["currency"].disabled = currency_is_fixed

    def clean_currency(self) -> str:
        return known_currency(str(self.cleaned_data["currency"]))


class ProfileForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)

    class Meta:
        model = User
        fields = ["name", "language"]
        labels = {"name": _("Name")}


class PasswordForm(forms.Form):
    """A new person chooses how they are called and a password that keeps to the rules."""

    name = forms.CharField(label=_("Your name"), max_length=200, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    password = forms.CharField(
        label=_("Password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("Twelve characters or more; a few words that nobody would guess are good."),
    )

    def person(self) -> User:
        """Whom the password must not resemble."""
        raise NotImplementedError

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if "password" in data:
            try:
                validate_password(data["password"], self.person())
            except ValidationError as error:
                self.add_error("password", error)
        return data


class JoinForm(PasswordForm):
    """A new person behind an invitation: the address is the one the link was mailed to."""

    def __init__(self, *args: Any, email: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.email = email

    def person(self) -> User:
        return User(email=self.email, name=self.cleaned_data.get("name", ""))


class AuditFilterForm(forms.Form):
    who = forms.CharField(label=_("Who"), required=False, max_length=200)
    action = forms.CharField(label=_("What"), required=False, max_length=80)
    since = forms.DateField(label=_("From"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(label=_("To"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    object_id = forms.CharField(required=False, max_length=60, widget=forms.HiddenInput)


def errors_into(form: forms.BaseForm, error: ValidationError) -> None:
    """Show a rule's refusal at the field it names, else above the form."""
    if not hasattr(error, "error_dict"):
        form.add_error(None, error)
        return
    for field, problems in error.error_dict.items():
        form.add_error(field if field in form.fields else None, ValidationError(problems))
