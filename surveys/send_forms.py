"""Whom to send a survey to, as hosts say it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import SavedSegment
from surveys.models import Addressees
from surveys.selectors.addressees import REST_DAYS

UNDER_CONTRACT, EVERY_CUSTOMER = "contract", "all"


class _Pace(forms.Form):
    remind_after_days = forms.IntegerField(
        label=gettext_lazy("Remind after days"),
        required=False,
        min_value=1,
        max_value=90,
        initial=7,
        help_text=gettext_lazy("Once, who has not answered. Empty: never."),
    )
    rest_days = forms.IntegerField(
        label=gettext_lazy("Spare who was asked within days"),
        min_value=0,
        max_value=366,
        initial=REST_DAYS,
        help_text=gettext_lazy("By any survey of this workspace."),
    )


class SendForm(_Pace):
    """To people at customers."""

    whom = forms.ChoiceField(label=gettext_lazy("Customers"))
    addressees = forms.ChoiceField(label=gettext_lazy("People"), choices=Addressees.choices)
    roles = forms.CharField(
        label=gettext_lazy("Only these roles"),
        required=False,
        max_length=600,
        help_text=gettext_lazy("As in your contacts, separated by commas. Empty: any."),
    )
    field_order = ("whom", "addressees", "roles", "rest_days", "remind_after_days")

    def __init__(self, *args: Any, segments: list[SavedSegment], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.segments = {str(segment.pk): segment for segment in segments}
        field = self.fields["whom"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [
            (UNDER_CONTRACT, _("All under contract")),
            (EVERY_CUSTOMER, _("All customers")),
            *((key, _("Segment: %(name)s") % {"name": segment.name}) for key, segment in self.segments.items()),
        ]

    def words(self) -> str:
        """The customers meant, as the choice names them."""
        field = self.fields["whom"]
        assert isinstance(field, forms.ChoiceField)
        return str(dict(field.choices)[self.cleaned_data["whom"]])  # type: ignore[arg-type]  # wider in the types than it can be here

    def segment(self) -> SavedSegment | None:
        return self.segments.get(self.cleaned_data["whom"])

    def clean_roles(self) -> tuple[str, ...]:
        return tuple(role.strip() for role in self.cleaned_data["roles"].split(",") if role.strip())


class AddressesForm(_Pace):
    """To a list of addresses."""

    emails = forms.CharField(
        label=gettext_lazy("Addresses"),
        max_length=400_000,
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false"}),
        help_text=gettext_lazy("One a line, or separated by commas. Each gets a link of its own, once."),
    )
    field_order = ("emails", "rest_days", "remind_after_days")

    def clean_emails(self) -> list[str]:
        told = self.cleaned_data["emails"].replace(",", "\n").replace(";", "\n")
        return [line for line in told.splitlines() if line.strip()]
