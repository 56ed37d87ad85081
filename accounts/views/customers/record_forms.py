"""Forms of the records a customer's page shows. They check shape; the services hold the rules."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import AttributeDefinition, AttributeKind, Contact, Customer, Membership, Subscription
from csplatform.core import formats

ATTRIBUTE = "a_"


def date_field(label: Any, **options: Any) -> forms.DateField:
    """An optional day, chosen from a calendar."""
    return forms.DateField(
        label=label, required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), **options
    )


class RecordForm(forms.Form):
    """A form that carries the version it was filled from, and knows what was changed in it."""

    version = forms.IntegerField(widget=forms.HiddenInput, required=False, min_value=0)

    def told(self) -> dict[str, object]:
        """The fields for the service: those that differ from what the form was filled from."""
        return {
            name: "" if value is None else value
            for name, value in self.cleaned_data.items()
            if name in self.changed_data and name != "version"
        }


class CustomerForm(RecordForm):
    external_id = forms.CharField(
        label=_("Id in your data"),
        max_length=200,
        help_text=_("What imports and the product call this customer. It cannot be changed later."),
    )
    name = forms.CharField(label=_("Name"), max_length=300)
    domain = forms.CharField(label=_("Domain"), max_length=253, required=False)
    industry = forms.CharField(label=_("Industry"), max_length=120, required=False)
    country = forms.CharField(label=_("Country"), max_length=60, required=False)
    region = forms.CharField(label=_("Region"), max_length=120, required=False)
    employees = forms.IntegerField(label=_("Employees"), required=False, min_value=0, max_value=2**31 - 1)
    expected_arr = forms.DecimalField(
        label=_("Expected ARR"), required=False, min_value=0, max_digits=17, decimal_places=2,
        help_text=_("Before the contract; after it ARR comes from subscriptions."),
    )  # fmt: skip
    stage = forms.ChoiceField(label=_("Stage"), required=False)
    owner_email = forms.ChoiceField(label=_("CSM"), required=False)
    tags = forms.CharField(label=_("Tags"), max_length=2_000, required=False, help_text=_("Parted by commas."))

    def __init__(
        self,
        *args: Any,
        customer: Customer | None,
        stages: Mapping[str, str],
        members: list[Membership],
        definitions: list[AttributeDefinition],
        currency: str,
        may_assign: bool,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        if customer is not None:
            del self.fields["external_id"]
            # Who stands somewhere is moved, by the rules and with a reason, on the Journey tab.
            del self.fields["stage"]
        else:
            _choices(self, "stage", [("", _("By the contract")), *stages.items()])
        if may_assign:
            _choices(self, "owner_email", [("", _("Nobody")), *((m.user.email, str(m.user)) for m in members)])
        else:
            del self.fields["owner_email"]
        self.fields["expected_arr"].label = _("Expected ARR, %(currency)s a year") % {"currency": currency}
        for definition in definitions:
            self.fields[ATTRIBUTE + definition.key] = attribute_field(definition)

    def parts(self) -> tuple[dict[str, object], dict[str, object]]:
        """Told fields, and told custom attributes by key."""
        told = self.told()
        extra = {name.removeprefix(ATTRIBUTE): told.pop(name) for name in list(told) if name.startswith(ATTRIBUTE)}
        return told, extra


def attribute_field(definition: AttributeDefinition) -> forms.Field:
    """The field of a custom attribute, by its kind."""
    kind = AttributeKind(definition.kind)
    if kind is AttributeKind.NUMBER:
        return forms.DecimalField(label=definition.label, required=False, max_digits=18, decimal_places=4)
    if kind is AttributeKind.DATE:
        return date_field(definition.label)
    if kind is AttributeKind.BOOLEAN:
        choices = [("", "–"), ("yes", _("Yes")), ("no", _("No"))]
        return forms.ChoiceField(label=definition.label, required=False, choices=choices)
    return forms.CharField(label=definition.label, required=False, max_length=1_000)


def customer_initial(customer: Customer, attributes: Mapping[str, Any], currency: str) -> dict[str, Any]:
    """What a form shows of a stored customer. ``attributes``: values by key."""
    words = {True: "yes", False: "no"}
    written = {key: words[value] if isinstance(value, bool) else value for key, value in attributes.items()}
    return {
        "version": customer.version,
        **{name: getattr(customer, name) for name in ("name", "domain", "industry", "country", "region", "employees")},
        "expected_arr": _amount(customer.expected_arr_minor, currency),
        "owner_email": customer.csm.user.email if customer.csm else "",
        "tags": ", ".join(customer.tags),
        **{ATTRIBUTE + key: value for key, value in written.items()},
    }


class ContactForm(RecordForm):
    external_id = forms.CharField(
        label=_("Id in your data"), max_length=200, help_text=_("What the product calls this person (userId).")
    )
    name = forms.CharField(label=_("Name"), max_length=300, required=False)
    email = forms.EmailField(label=_("E-mail"), required=False)
    title = forms.CharField(label=_("Title"), max_length=200, required=False)
    role = forms.CharField(label=_("Role"), max_length=120, required=False)
    is_sponsor = forms.BooleanField(label=_("Sponsor: stands for the decision to buy"), required=False)
    is_champion = forms.BooleanField(label=_("Champion: brings colleagues to use it"), required=False)

    def __init__(self, *args: Any, contact: Contact | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if contact is not None:
            del self.fields["external_id"]


def contact_initial(contact: Contact) -> dict[str, Any]:
    names = ("version", "name", "email", "title", "role", "is_sponsor", "is_champion")
    return {name: getattr(contact, name) for name in names}


class SubscriptionForm(RecordForm):
    external_id = forms.CharField(
        label=_("Id in your data"), max_length=200, help_text=_("What your billing calls this subscription.")
    )
    product = forms.CharField(label=_("Product"), max_length=120, required=False)
    plan = forms.CharField(label=_("Plan"), max_length=120, required=False)
    seats = forms.IntegerField(label=_("Seats"), required=False, min_value=0, max_value=2**31 - 1)
    arr = forms.DecimalField(label=_("ARR"), min_value=0, max_digits=17, decimal_places=2)
    billing_period_months = forms.IntegerField(
        label=_("Billing period, months"), min_value=1, max_value=120, initial=12
    )
    starts_on = date_field(_("Starts on"))
    renewal_on = date_field(_("Renews on"), help_text=_("Empty: start and billing period say so."))
    auto_renews = forms.BooleanField(label=_("Renews by itself unless notice is given"), required=False)
    notice_days = forms.IntegerField(label=_("Notice period, days"), required=False, min_value=0, max_value=1_000)
    cancelled_on = date_field(_("Notice given on"))
    ends_on = date_field(_("Ends on"), help_text=_("The first day without it."))

    def __init__(self, *args: Any, subscription: Subscription | None, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["starts_on"].required = True
        self.fields["arr"].label = _("ARR, %(currency)s a year") % {"currency": currency}
        if subscription is not None:
            del self.fields["external_id"]


def subscription_initial(subscription: Subscription) -> dict[str, Any]:
    names = (
        "version", "product", "plan", "seats", "billing_period_months", "starts_on", "renewal_on", "auto_renews",
        "notice_days", "cancelled_on", "ends_on",
    )  # fmt: skip
    return {
        **{name: getattr(subscription, name) for name in names},
        "arr": _amount(subscription.arr_minor, subscription.currency),
    }


def shown(field: forms.BoundField, value: Any) -> str:
    """A value as the form's reader knows it, for telling two versions apart."""
    choices = dict(getattr(field.field, "choices", ()))
    if isinstance(value, bool):
        return str(_("Yes")) if value else str(_("No"))
    if value in (None, ""):
        return formats.UNKNOWN
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    return str(choices.get(value, value))


def _choices(form: forms.Form, name: str, choices: list[tuple[str, Any]]) -> None:
    field = form.fields[name]
    assert isinstance(field, forms.ChoiceField)
    field.choices = choices


def _amount(minor: int | None, currency: str) -> Any:
    if minor is None:
        return None
    amount = formats.minor_to_decimal(minor, currency)
    return amount.quantize(type(amount)(1)) if amount == amount.to_integral_value() else amount
