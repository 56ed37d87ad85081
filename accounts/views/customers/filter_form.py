"""The filter of the customer list as a form: reads it from an address, offers it as fields, says what is wrong."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from babel.numbers import get_currency_precision
from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from accounts import extensions
from accounts.filters import NOBODY, AttributeCondition, CustomerFilter
from accounts.models import AttributeDefinition, AttributeKind, AttributeValue, Membership, Workspace
from accounts.models.customers import ContractState, HealthBand
from accounts.selectors import customers as selectors
from accounts.selectors.members import present_members
from accounts.services import search
from csplatform.core.ids import parse_uuid

ME = "me"
MAX_HITS = 1_000
ATTRIBUTE = "a_"
_LARGEST = Decimal(10) ** 15


class AnyOf(forms.MultipleChoiceField):
    """Several values, known or not: a word no customer has (any more) finds nobody, and is no mistake."""

    def valid_value(self, value: object) -> bool:
        return "\0" not in str(value)


class CustomerFilterForm(forms.Form):
    """Conditions on customers. ``conditions`` reads what is valid; ``errors`` names what was left out."""

    band = forms.MultipleChoiceField(
        label=_("Health"), choices=HealthBand.choices, required=False, widget=forms.CheckboxSelectMultiple
    )
    state = forms.MultipleChoiceField(
        label=_("Contract"), choices=ContractState.choices, required=False, widget=forms.CheckboxSelectMultiple
    )
    stage = AnyOf(label=_("Stage"), required=False)
    csm = AnyOf(label=_("CSM"), required=False)
    arr_min = forms.DecimalField(label=_("ARR from"), required=False, min_value=-_LARGEST, max_value=_LARGEST)
    arr_max = forms.DecimalField(label=_("ARR up to"), required=False, min_value=-_LARGEST, max_value=_LARGEST)
    notice_by = forms.DateField(
        label=_("Notice deadline by"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    notice_within = forms.IntegerField(
        label=_("or within days"), required=False, min_value=0, max_value=3_650, help_text=_("Counted from today.")
    )
    risk_min = forms.DecimalField(label=_("Churn risk from, %"), required=False, min_value=0, max_value=100)
    risk_max = forms.DecimalField(label=_("Churn risk up to, %"), required=False, min_value=0, max_value=100)
    tag = AnyOf(label=_("Tag"), required=False)
    country = AnyOf(label=_("Country"), required=False)
    industry = AnyOf(label=_("Industry"), required=False)

    def __init__(
        self, data: QueryDict, *, workspace: Workspace, membership: Membership, today: date, offer: bool = False
    ) -> None:
        """``offer``: load what there is to choose from, for showing the form; reading it needs none of that."""
        super().__init__(data, use_required_attribute=False, auto_id="filter_%s")
        self.workspace, self.membership, self.today, self.query = workspace, membership, today, data
        self.text = " ".join(data.get("q", "").replace("\0", "").split())[:200]
        told = any(name.startswith(ATTRIBUTE) for name in data)
        self.definitions = selectors.attribute_definitions() if offer or told else []
        for definition in self.definitions:
            self._add_attribute(definition)
        if offer:
            self._offer()

    def conditions(self) -> CustomerFilter:
        """The valid part of the form; an invalid field is left out, and ``errors`` says so."""
        self.is_valid()
        said = self.cleaned_data
        deadlines = [said.get("notice_by")]
        if said.get("notice_within") is not None:
            deadlines.append(self.today + timedelta(days=said["notice_within"]))
        return CustomerFilter(
            search=self._hits(),
            bands=tuple(said.get("band", ())),
            states=tuple(said.get("state", ())),
            stages=tuple(said.get("stage", ())),
            csm=self._csm(said.get("csm", ())),
            tags=tuple(said.get("tag", ())),
            countries=tuple(said.get("country", ())),
            industries=tuple(said.get("industry", ())),
            arr=(self._minor("arr_min"), self._minor("arr_max")),
            risk=(self._basis_points("risk_min"), self._basis_points("risk_max")),
            notice_by=min((day for day in deadlines if day is not None), default=None),
            attributes=tuple(filter(None, map(self._attribute, self.definitions))),
        )

    def _hits(self) -> tuple[UUID, ...] | None:
        if not self.text:
            return None
        return tuple(search.best_ids(self.text, most=MAX_HITS))

    def _csm(self, told: list[str]) -> tuple[str, ...]:
        mine = {ME: str(self.membership.pk), NOBODY: NOBODY}
        found = [mine.get(value) or (parse_uuid(value) and str(parse_uuid(value))) for value in told]
        known = tuple(value for value in found if value)
        # An id that cannot be one finds nobody, as any other unknown member does.
        return known if known or not told else (str(UUID(int=0)),)

    def _minor(self, name: str) -> int | None:
        amount = self.cleaned_data.get(name)
        return None if amount is None else int(amount.scaleb(get_currency_precision(self.workspace.currency)))

    def _basis_points(self, name: str) -> int | None:
        share = self.cleaned_data.get(name)
        return None if share is None else int(share * 100)

    def _attribute(self, definition: AttributeDefinition) -> AttributeCondition | None:
        name = ATTRIBUTE + definition.key
        said = {end: self.cleaned_data.get(name + end) for end in ("", "_min", "_max")}
        if all(value in (None, "") for value in said.values()):
            return None
        kind = AttributeKind(definition.kind)
        if kind is AttributeKind.TEXT:
            return AttributeCondition(definition.pk, text=said[""])
        if kind is AttributeKind.BOOLEAN:
            return AttributeCondition(definition.pk, boolean=said[""] == "yes")
        low, high = (said[""], said[""]) if said[""] is not None else (said["_min"], said["_max"])
        if kind is AttributeKind.DATE:
            return AttributeCondition(definition.pk, dates=(low, high))
        return AttributeCondition(definition.pk, numbers=(_scaled(low), _scaled(high)))

    def _add_attribute(self, definition: AttributeDefinition) -> None:
        name, label = ATTRIBUTE + definition.key, definition.label
        kind = AttributeKind(definition.kind)
        if kind is AttributeKind.TEXT:
            self.fields[name] = forms.CharField(label=label, required=False, max_length=1000)
        elif kind is AttributeKind.BOOLEAN:
            choices = [("", _("Any")), ("yes", _("Yes")), ("no", _("No"))]
            self.fields[name] = forms.ChoiceField(label=label, required=False, choices=choices)
        else:
            low, high = _("%(label)s from") % {"label": label}, _("%(label)s up to") % {"label": label}
            for suffix, text in (("", label), ("_min", low), ("_max", high)):
                if kind is AttributeKind.DATE:
                    picker = forms.DateInput(attrs={"type": "date"})
                    self.fields[name + suffix] = forms.DateField(label=text, required=False, widget=picker)
                else:
                    self.fields[name + suffix] = forms.DecimalField(
                        label=text, required=False, min_value=-_LARGEST / 1000, max_value=_LARGEST / 1000
                    )
            if name not in self.data:
                self.fields[name].widget = forms.HiddenInput()

    def _offer(self) -> None:
        facets = selectors.facet_values()
        members: list[tuple[str, Any]] = [(ME, _("Me")), (NOBODY, _("Nobody"))]
        members += [(str(member.pk), str(member.user)) for member in present_members(self.workspace)]
        offered: dict[str, list[tuple[str, Any]]] = {
            "stage": list(extensions.named_stages().items()),
            "csm": members,
            "tag": [(word, word) for word in facets["tag"]],
            "country": [(word, word) for word in facets["country"]],
            "industry": [(word, word) for word in facets["industry"]],
        }
        for name, choices in offered.items():
            field = self.fields[name]
            assert isinstance(field, forms.MultipleChoiceField)
            told = [(value, value) for value in self.query.getlist(name) if value not in dict(choices)]
            field.choices = choices + told
            if not field.choices:
                del self.fields[name]
            else:
                field.widget.attrs["size"] = min(6, max(3, len(field.choices)))


def _scaled(value: Decimal | None) -> int | None:
    return None if value is None else int(value * AttributeValue.NUMBER_SCALE)
