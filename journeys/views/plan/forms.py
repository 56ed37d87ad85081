"""Forms of the success plan. They check shape; the services hold the rules."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.views.customers.record_forms import RecordForm, date_field
from journeys.models import Confidence, KpiVersion, Outcome, OutcomeKind, OutcomeVersion, Settlement, Win

KPI = "kpi_"


def _amount(label: Any, **options: Any) -> forms.DecimalField:
    return forms.DecimalField(label=label, max_digits=19, decimal_places=4, localize=False, **options)


def _reason(help_text: Any) -> forms.CharField:
    return forms.CharField(label=_("Reason"), max_length=500, help_text=help_text)


class OutcomeForm(RecordForm):
    statement = forms.CharField(
        label=_("What does the customer expect?"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("In the customer’s own words: what will be different for them."),
    )
    kind = forms.ChoiceField(
        label=_("Kind"),
        choices=OutcomeKind.choices,
        help_text=_(
            "A trial criterion is agreed before the contract, and decides whether the trial did what it should."
        ),
    )
    due_on = date_field(_("Due on"))
    confidence = forms.ChoiceField(label=_("How sure are we?"), choices=Confidence.choices, required=False)
    effective_on = date_field(_("Agreed on"), help_text=_("Empty: today."))

    def __init__(self, *args: Any, outcome: Outcome | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if outcome is not None:
            del self.fields["kind"]
            self.fields["reason"] = _reason(_("Why it changes. The earlier words stay in its history."))
        else:
            self.fields |= {KPI + name: field for name, field in KpiForm(kpi=None).fields.items() if name in _FIRST_KPI}
            for name in _FIRST_KPI:
                self.fields[KPI + name].required = False
            self.fields[KPI + "name"].help_text = _(
                "The first KPI. Leave it empty to say later how the outcome is told."
            )

    def parts(self) -> tuple[dict[str, object], dict[str, object]]:
        """What was said of the outcome, and of its first KPI (empty when it is to come later)."""
        told = self.told()
        kpi = {name.removeprefix(KPI): told.pop(name) for name in list(told) if name.startswith(KPI)}
        return told, kpi


_FIRST_KPI = ("name", "unit", "baseline", "target", "due_on", "measured_by")


def outcome_initial(outcome: Outcome, version: OutcomeVersion) -> dict[str, Any]:
    return {
        "version": outcome.version,
        "statement": version.statement,
        "due_on": version.due_on,
        "confidence": version.confidence,
    }


class KpiForm(RecordForm):
    name = forms.CharField(label=_("What is measured?"), max_length=200)
    unit = forms.CharField(
        label=_("Unit"), max_length=40, required=False, help_text=_("Such as minutes, % or orders a day.")
    )
    baseline = _amount(_("Baseline"), help_text=_("Where it stands when it is agreed."))
    target = _amount(_("Target"), help_text=_("A target below the baseline means: lower is better."))
    due_on = date_field(_("KPI due on"), help_text=_("Empty: with its outcome."))
    measured_by = forms.CharField(
        label=_("Who measures?"), max_length=200, required=False, help_text=_("A person or a system, theirs or ours.")
    )
    measure_key = forms.ChoiceField(
        label=_("Read by itself from"), required=False,
        help_text=_("A measure of use that is recorded as a measurement every day."),
    )  # fmt: skip
    effective_on = date_field(_("Agreed on"), help_text=_("Empty: today."))

    def __init__(
        self, *args: Any, kpi: KpiVersion | None, measures: list[tuple[str, str]] | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        if measures:
            field = self.fields["measure_key"]
            assert isinstance(field, forms.ChoiceField)
            field.choices = [("", _("Nothing: people measure")), *measures]
        else:
            del self.fields["measure_key"]
        if kpi is not None:
            self.fields["reason"] = _reason(_("Why it changes. The customer is asked to confirm it again."))


def kpi_initial(version: KpiVersion, record_version: int) -> dict[str, Any]:
    names = ("name", "unit", "due_on", "measured_by", "measure_key")
    return {
        "version": record_version,
        **{name: getattr(version, name) for name in names},
        "baseline": plain(version.baseline),
        "target": plain(version.target),
    }


def plain(value: Decimal) -> Decimal:
    """Without the zeros the database pads with: 42.0000 is written 42."""
    normal = value.normalize()
    return normal.quantize(Decimal(1)) if normal == normal.to_integral_value() else normal


class MeasurementForm(RecordForm):
    value = _amount(_("Value"))
    measured_on = date_field(_("Measured on"), help_text=_("Empty: today."))
    note = forms.CharField(label=_("Note"), max_length=500, required=False)


class CorrectionForm(RecordForm):
    value = _amount(_("Value"))
    measured_on = date_field(_("Measured on"))
    note = forms.CharField(label=_("Note"), max_length=500, required=False)
    reason = _reason(_("Why the figure is corrected or withdrawn. The old one stays in the history."))


class SettleForm(RecordForm):
    settlement = forms.ChoiceField(
        label=_("Decision"),
        choices=[choice for choice in Settlement.choices if choice[0]],
        help_text=_("A decision by name goes before what the figures say."),
    )
    reason = _reason(_("Why. Everybody who reads the plan later sees it."))


class WinForm(RecordForm):
    title = forms.CharField(label=_("What was won?"), max_length=300, help_text=_("One line the customer would sign."))
    story = forms.CharField(
        label=_("How it came about"), max_length=10_000, required=False, widget=forms.Textarea(attrs={"rows": 5}),
        help_text=_("Who did it, what changed, what it is worth to them. It stands on the card for the customer."),
    )  # fmt: skip
    happened_on = date_field(_("When"), help_text=_("Empty: today."))


def win_initial(win: Win) -> dict[str, Any]:
    return {name: getattr(win, name) for name in ("version", "title", "story", "happened_on")}
