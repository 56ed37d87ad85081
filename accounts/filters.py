"""Which customers a list shows: typed conditions, each answered by an index under row-level security.

A filter is what the address of a list says. ``condition`` turns it into a query; parsing addresses is the
business of ``accounts.forms.lists``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import msgspec
from django.db.models import Q

from accounts.models import AttributeValue, CustomerFacet
from accounts.models.facets import Facet

NOBODY = "none"
# Sorts after every name that starts with the same letters.
_LAST_CHARACTER = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class AttributeCondition:
    """A condition on one custom attribute; numbers in ten-thousandths, as they are stored."""

    definition_id: UUID
    text: str | None = None
    boolean: bool | None = None
    numbers: tuple[int | None, int | None] = (None, None)
    dates: tuple[date | None, date | None] = (None, None)

    def condition(self) -> Q:
        found = Q(definition_id=self.definition_id)
        if self.text is not None:
            found &= Q(text_value=self.text)
        if self.boolean is not None:
            found &= Q(boolean_value=self.boolean)
        return found & _between("number_value", *self.numbers) & _between("date_value", *self.dates)


@dataclass(frozen=True, slots=True)
class CustomerFilter:
    """Conditions that must all hold; within one field any of its values will do.

    ``csm``: membership ids, or ``NOBODY`` for customers without a CSM. ARR in minor units of the workspace's
    currency, risk in basis points, both ends included. ``search``: the ids a search found, None without one.
    """

    name_prefix: str = ""
    search: tuple[UUID, ...] | None = None
    bands: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    stages: tuple[str, ...] = ()
    csm: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    industries: tuple[str, ...] = ()
    arr: tuple[int | None, int | None] = (None, None)
    risk: tuple[int | None, int | None] = (None, None)
    notice_by: date | None = None
    attributes: tuple[AttributeCondition, ...] = ()

    def condition(self) -> Q:
        found = Q()
        if self.search is not None:
            found &= Q(pk__in=self.search)
        if self.name_prefix:
            start = self.name_prefix.casefold()
            found &= Q(name_sort__gte=start, name_sort__lt=start + _LAST_CHARACTER)
        for field, values in (
            ("health__band", self.bands),
            ("contract_state", self.states),
            ("stage_key", self.stages),
        ):
            if values:
                found &= Q(**{f"{field}__in": values})
        found &= _csm(self.csm) & _between("arr_minor", *self.arr) & _between("health__churn_risk", *self.risk)
        if self.notice_by is not None:
            found &= Q(notice_deadline__lte=self.notice_by)
        for facet, values in (
            (Facet.TAG, self.tags),
            (Facet.COUNTRY, self.countries),
            (Facet.INDUSTRY, self.industries),
        ):
            if values:
                rows = CustomerFacet.objects.filter(facet=facet, value__in=values)
                found &= Q(pk__in=rows.values("customer_id"))
        for attribute in self.attributes:
            rows = AttributeValue.objects.filter(attribute.condition())
            found &= Q(pk__in=rows.values("customer_id"))
        return found

    def as_json(self) -> dict[str, Any]:
        """What ``from_json`` reads again: for work that is done later."""
        said: dict[str, Any] = msgspec.to_builtins(self)
        return said

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> CustomerFilter:
        """Raises ``msgspec.ValidationError`` for what ``as_json`` never gave."""
        return msgspec.convert(said, cls)


def _between(field: str, low: object, high: object) -> Q:
    found = Q()
    if low is not None:
        found &= Q(**{f"{field}__gte": low})
    if high is not None:
        found &= Q(**{f"{field}__lte": high})
    return found


def _csm(wanted: tuple[str, ...]) -> Q:
    members = [value for value in wanted if value != NOBODY]
    found = Q(csm_id__in=members) if members else Q()
    return found | Q(csm_id__isnull=True) if NOBODY in wanted else found
