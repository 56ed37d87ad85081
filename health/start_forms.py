"""Forms of the way from files to a proof."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.imports import kinds
from health.onboarding.proposing import Proposal
from health.services.settings_of_churn import LONGEST_HORIZON, SHORTEST_HORIZON


class KindForm(forms.Form):
    kind = forms.ChoiceField(label=_("What is in it?"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["kind"].choices = [(kind.key, kind.label) for kind in kinds.all_kinds()]  # type: ignore[attr-defined]  # the types know the base field only


class ImportForm(forms.Form):
    through = forms.DateField(
        label=_("Complete up to"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=_("No churn is inferred beyond this day. Leave it empty when data keeps arriving."),
    )


class ProveForm(forms.Form):
    """Which of the proposed measures the scorecard shall have, and how many days ahead a churn counts."""

    measures = forms.MultipleChoiceField(
        label=_("Measures"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one measure.")},
    )
    horizon = forms.IntegerField(
        label=_("Days ahead within which a churn counts"), min_value=SHORTEST_HORIZON, max_value=LONGEST_HORIZON
    )

    def __init__(self, *args: Any, proposal: Proposal, **kwargs: Any) -> None:
        wanted = [each.key for each in proposal.measures if each.wanted]
        kwargs["initial"] = {"measures": wanted, "horizon": proposal.horizon}
        super().__init__(*args, **kwargs)
        self.fields["measures"].choices = [(each.key, each.key) for each in proposal.measures if each.coverage > 0]  # type: ignore[attr-defined]  # the types know the base field only

    def chosen(self) -> set[str]:
        """Keys of the measures that are ticked as the form stands."""
        return set(self["measures"].value() or [])
