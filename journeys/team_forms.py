"""Forms of the team page. They check shape; the rules stand in the service."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.roles import Department
from journeys.models import DepartmentTempo
from journeys.selectors.team import Part
from journeys.services.team import MAX_WORDS, MOST_CONTACTS, MOST_DAYS, TARGETS


class ResponsibilitiesForm(forms.Form):
    """A line for each department; the one that carries the stage comes first."""

    version = forms.IntegerField(widget=forms.HiddenInput, min_value=0)

    def __init__(self, *args: Any, parts: Sequence[Part], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for part in sorted(parts, key=lambda each: not each.carries):
            self.fields[part.department] = forms.CharField(
                label=part.label,
                required=False,
                max_length=MAX_WORDS,
                initial=part.words,
                help_text=_("Carries the stage.") if part.carries else "",
                widget=forms.Textarea(attrs={"rows": 2}),
            )

    def words(self) -> dict[str, str]:
        return {name: text for name, text in self.cleaned_data.items() if name != "version"}


def _days(label: Any) -> forms.IntegerField:
    return forms.IntegerField(label=label, required=False, min_value=1, max_value=MOST_DAYS)


class TempoForm(forms.Form):
    """The targets of a department; requests are answered by Product alone."""

    version = forms.IntegerField(widget=forms.HiddenInput, min_value=0)
    handover_days = _days(_("Working days to answer a handover"))
    contacts = forms.DecimalField(
        label=_("Conversations per customer and 30 days, at least"),
        required=False,
        min_value=Decimal("0.1"),
        max_value=MOST_CONTACTS,
        decimal_places=1,
    )
    request_days = _days(_("Days to the first answer to a request"))
    signal_days = _days(_("Days to answer a signal of change"))

    def __init__(self, *args: Any, department: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if department != Department.PRODUCT:
            del self.fields["request_days"]

    @staticmethod
    def initial_of(tempo: DepartmentTempo | None) -> dict[str, Any]:
        told = {name: getattr(tempo, name) for name in TARGETS} if tempo else {}
        return {**told, "version": tempo.version if tempo else 0}

    def targets(self) -> dict[str, Any]:
        return {name: value for name, value in self.cleaned_data.items() if name != "version"}
