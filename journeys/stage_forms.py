"""Forms of the settings of stages. They check shape; the rules stand in ``journeys.services.stages``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import AttributeDefinition
from accounts.models.customers import TeamRole
from accounts.roles import Department
from journeys import extensions
from journeys.models import CriterionKind, Macro, Side, Stage
from journeys.selectors import criteria
from journeys.services import asking

_PLAIN = (
    CriterionKind.CONTRACT,
    CriterionKind.SPONSOR,
    CriterionKind.OUTCOME_DEFINED,
    CriterionKind.OUTCOME_MET,
    CriterionKind.TRIAL_CRITERIA,
    CriterionKind.WIN,
    CriterionKind.ADOPTION,
)
_PARAM = {CriterionKind.FIELD: "field", CriterionKind.TEAM_ROLE: "role", CriterionKind.MEASURE: "measure"}
_NUMBER = {CriterionKind.MEASURE: "at_least", CriterionKind.ADOPTION: "percent"}


class StageForm(forms.Form):
    """What a stage is called, where it belongs and how long customers should stay."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=120)
    macro = forms.ChoiceField(
        label=gettext_lazy("Macro stage"),
        choices=Macro.choices,
        help_text=gettext_lazy("Figures and the picture go by it. For good once a customer stood there."),
    )
    department = forms.ChoiceField(
        label=gettext_lazy("Carried by"),
        choices=[("", gettext_lazy("Nobody in particular")), *Department.choices],
        required=False,
    )
    expected_days = forms.IntegerField(
        label=gettext_lazy("Expected stay in days"),
        min_value=1,
        max_value=3_650,
        required=False,
        help_text=gettext_lazy("Who stays longer counts as stuck. Empty: as long as it likes."),
    )
    description = forms.CharField(
        label=gettext_lazy("What it is about"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )

    version = forms.IntegerField(widget=forms.HiddenInput, required=False, min_value=0)

    @staticmethod
    def initial_of(stage: Stage | None) -> dict[str, Any]:
        names = ("name", "macro", "department", "expected_days", "description", "version")
        return {name: getattr(stage, name) for name in names} if stage else {}


def criteria_told(data: QueryDict, side: str) -> list[dict[str, Any]]:
    """The criteria of one side as the form sends them: ``side-N`` (kind, and what of it) and ``side-N-number``."""
    told = []
    for number in range(asking.MOST_CRITERIA):
        kind, _colon, rest = data.get(f"{side}-{number}", "").partition(":")
        if not kind:
            continue
        each: dict[str, Any] = {"kind": kind}
        if kind in _PARAM:
            each[_PARAM[CriterionKind(kind)]] = rest
        if kind in _NUMBER:
            each[_NUMBER[CriterionKind(kind)]] = data.get(f"{side}-{number}-number", "")
        told.append(each)
    return told


def rows_of(told: Sequence[dict[str, Any]], spare: int = 2) -> list[dict[str, Any]]:
    """Criteria as rows of the form: ``chosen`` option, ``number``; and a few empty ones."""
    rows = []
    for each in told:
        kind = each["kind"]
        rest = each.get(_PARAM.get(kind, ""), "")
        number = each.get(_NUMBER.get(kind, ""), "")
        rows.append({"chosen": f"{kind}:{rest}" if rest else kind, "number": number})
    return [*rows, *({"chosen": "", "number": ""} for _ in range(spare))][: asking.MOST_CRITERIA]


def criteria_of(stage: Stage | None, side: Side) -> list[dict[str, Any]]:
    """What a stage asks for on one side, as services take it."""
    if stage is None:
        return []
    return [{"kind": each.kind, **each.params} for each in stage.criteria.all() if each.side == side]


def criteria_choices() -> list[tuple[str, list[tuple[str, str]]]]:
    """Everything a stage may ask for, in groups."""
    fields = [(f"field:{name}", criteria.field_name(name)) for name in criteria.FIELDS]
    own = AttributeDefinition.objects.order_by("label").values_list("key", "label")
    fields += [(f"field:{criteria.ATTRIBUTE}{key}", label) for key, label in own]
    groups = [
        (_("Agreed and reached"), [(kind.value, str(kind.label)) for kind in _PLAIN]),
        (_("A field is filled in"), fields),
        (_("A role of the account team is held"), [(f"team_role:{r.value}", str(r.label)) for r in TeamRole]),
    ]
    measures = [(f"measure:{key}", name) for key, name in extensions.named_measures().items()]
    return [*groups, *([(_("A measure is over a threshold"), measures)] if measures else [])]
