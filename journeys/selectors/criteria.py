"""Which criteria hold for a customer now, and the words that say what one asks for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import AccountTeamMember, AttributeValue, Contact, Customer
from accounts.models.customers import ContractState, TeamRole
from accounts.services.team import holding_on
from journeys import extensions
from journeys.flight.engine import RELAY, Criterion
from journeys.models import CriterionKind, StageCriterion
from journeys.selectors import adoption, plan
from journeys.selectors.plan import PlanFacts

FIELDS: Mapping[str, str] = {
    "domain": "domain",
    "industry": "industry",
    "country": "country",
    "region": "region",
    "employees": "employees",
    "source": "source",
    "expected_arr": "expected_arr_minor",
}
"""Fields of a customer that a criterion may ask for, by the name imports use, and where they stand."""

ATTRIBUTE = "attribute:"
"""Before the key of a custom attribute."""


def as_criterion(row: StageCriterion) -> Criterion:
    """A stored criterion as the engine knows it; its key names kind and parameters."""
    params = tuple(sorted(row.params.items()))
    named = ":".join(str(value) for _name, value in params)
    return Criterion(f"{row.kind}:{named}" if named else row.kind, row.kind, params)


def checker(customer: Customer, criteria: Iterable[Criterion], now: datetime) -> Callable[[Criterion], bool]:
    """Says of each of ``criteria`` whether it holds; what they need is read here, each kind at most once."""
    facts = _Facts(customer, now)
    known = {criterion.key: facts.holds(criterion) for criterion in criteria}
    return lambda criterion: known[criterion.key]


class _Facts:
    """What the criteria of one customer rest on, read when first asked for."""

    def __init__(self, customer: Customer, now: datetime) -> None:
        self._customer = customer
        self._now = now

    def holds(self, criterion: Criterion) -> bool:
        check: Callable[[Criterion], bool] = getattr(self, f"_{criterion.kind}")
        return check(criterion)

    def _field(self, criterion: Criterion) -> bool:
        name = str(criterion.param("field"))
        if name.startswith(ATTRIBUTE):
            key = name.removeprefix(ATTRIBUTE)
            found = AttributeValue.objects.filter(customer=self._customer, definition__key=key).first()
            return found is not None and found.value not in (None, "")
        return getattr(self._customer, FIELDS[name]) not in (None, "")

    def _contract(self, _criterion: Criterion) -> bool:
        return self._customer.contract_state not in (ContractState.NONE, ContractState.CHURNED)

    def _sponsor(self, _criterion: Criterion) -> bool:
        return Contact.objects.filter(customer=self._customer, is_sponsor=True).exists()

    def _team_role(self, criterion: Criterion) -> bool:
        held = AccountTeamMember.objects.filter(holding_on(self._now.date()), customer=self._customer)
        return held.filter(role=str(criterion.param("role")), member__left_at__isnull=True).exists()

    @cached_property
    def _plan(self) -> PlanFacts:
        found = plan.facts_for_criteria([self._customer.pk], day=self._now.date(), known_by=self._now)
        return found[self._customer.pk]

    def _outcome_defined(self, _criterion: Criterion) -> bool:
        return self._plan.defined > 0

    def _outcome_met(self, _criterion: Criterion) -> bool:
        return self._plan.outcomes > 0 and not self._plan.open_outcomes

    def _trial_criteria(self, _criterion: Criterion) -> bool:
        return not self._plan.open_trial

    def _win(self, _criterion: Criterion) -> bool:
        return self._plan.wins > 0

    def _measure(self, criterion: Criterion) -> bool:
        key = str(criterion.param("measure"))
        value = extensions.measure_values([self._customer.pk], [key])[self._customer.pk].get(key)
        return value is not None and value >= float(criterion.param("at_least"))

    def _adoption(self, criterion: Criterion) -> bool:
        share = adoption.shares_at_work([self._customer.pk]).get(self._customer.pk)
        return share is not None and share * 100 >= float(criterion.param("percent"))


def message(criterion: Criterion) -> str:
    """What is missing where ``criterion`` does not hold, and what to do, for the reader."""
    told: dict[str, Any] = dict(criterion.params)
    words: dict[str, Callable[[], str]] = {
        CriterionKind.FIELD: lambda: _("“%(field)s” is not filled in.") % {"field": field_name(told["field"])},
        CriterionKind.CONTRACT: lambda: _("No contract is in force: add the subscription first."),
        CriterionKind.SPONSOR: lambda: _("No contact is marked as sponsor."),
        CriterionKind.TEAM_ROLE: lambda: (
            _("Nobody on the account team holds the role “%(role)s”.") % {"role": TeamRole(told["role"]).label}
        ),
        CriterionKind.OUTCOME_DEFINED: lambda: _("No expected outcome with a KPI is defined."),
        CriterionKind.OUTCOME_MET: lambda: _("Not every expected outcome is met or settled by name."),
        CriterionKind.TRIAL_CRITERIA: lambda: _("Not every trial criterion is met, missed or waived by name."),
        CriterionKind.WIN: lambda: _("No win is recorded."),
        CriterionKind.MEASURE: lambda: (
            _("“%(measure)s” is not known to be at least %(least)s.")
            % {
                "measure": extensions.named_measures().get(told["measure"], told["measure"]),
                "least": told["at_least"],
            }
        ),
        CriterionKind.ADOPTION: lambda: (
            _("Not yet %(percent)s %% of the invited people are known to be active.") % {"percent": told["percent"]}
        ),
    }
    return words[criterion.kind]()


def name_of(key: str) -> str:
    """A criterion's key as people call it: what its kind asks for, and of which field, role or measure."""
    kind, _colon, rest = key.partition(":")
    if kind == RELAY:
        return _("Handover")
    if kind not in CriterionKind.values:
        return key
    if kind == CriterionKind.ADOPTION:
        return in_words(Criterion(key, kind, (("percent", rest),)))
    label = str(CriterionKind(kind).label)
    return f"{label} ({field_name(rest) if kind == CriterionKind.FIELD else rest})" if rest else label


def in_words(criterion: Criterion) -> str:
    """What a criterion asks for, as settings show it."""
    told = dict(criterion.params)
    kind = CriterionKind(criterion.kind)
    if kind is CriterionKind.FIELD:
        return _("“%(field)s” is filled in") % {"field": field_name(str(told["field"]))}
    if kind is CriterionKind.TEAM_ROLE:
        return _("%(role)s is on the account team") % {"role": TeamRole(str(told["role"])).label}
    if kind is CriterionKind.MEASURE:
        name = extensions.named_measures().get(str(told["measure"]), told["measure"])
        return _("“%(measure)s” is at least %(least)s") % {"measure": name, "least": told["at_least"]}
    if kind is CriterionKind.ADOPTION:
        return _("%(percent)s %% of the invited people are active") % {"percent": told["percent"]}
    return str(kind.label)


def field_name(field: str) -> str:
    """A field as people call it."""
    if field.startswith(ATTRIBUTE):
        return field.removeprefix(ATTRIBUTE)
    names = {
        "domain": _("Domain"),
        "industry": _("Industry"),
        "country": _("Country"),
        "region": _("Region"),
        "employees": _("Employees"),
        "source": _("Source"),
        "expected_arr": _("Expected ARR"),
    }
    return names.get(field, field)
