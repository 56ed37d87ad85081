"""What customers can be filtered by: fields, relations and sources of them, as each app registers them at start.

``register(Field(...))`` for a column or a value beside the customer; ``register(Relation(...))`` for rows that
customers have; ``register(Source(...))`` for fields that differ from workspace to workspace.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db.models import DateTimeField, Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.segments import kinds
from accounts.segments.kinds import Kind

# Sorts after every text that starts with the same letters.
_LAST_CHARACTER = "\U0010ffff"

_CUSTOMER, _RELATIONS = _("Customer"), _("Relations")

Label = Any
"""A text, or a lazy translation."""

Words = Callable[[], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Terms:
    """What conditions are read against: the moment, and the digits after the point of the workspace's currency."""

    now: datetime
    money_digits: int = 2

    @property
    def today(self) -> date:
        return self.now.astimezone(UTC).date()


Compile = Callable[[str, Any, Terms], Q]
Rows = Callable[[Terms], QuerySet[Any]]


@dataclass(frozen=True, slots=True)
class Field:
    """One thing to filter by. Every condition on it must be true or false, never unknown (see ``kinds``).

    ``column``: of the customer, or of ``rows`` where there are any, whose ``link`` names the customer. ``scale``: how
    many of its units make one (10,000 basis points are 100 %, so 100). ``choices``: the only words allowed, with what
    they are called; ``offered``: words to suggest. ``most``: values in one list. ``is_listed``: whether people
    choose it from the list of fields. ``is_moment``: the column holds moments, not days. ``folds_case``: it is stored
    in small letters. ``compile`` instead of a column, for what no column says: takes a positive operator, its typed
    value and the ``Terms``.
    """

    key: str
    label: Label
    kind: Kind
    column: str = ""
    scale: int = 1
    rows: Rows | None = None
    link: str = "customer_id"
    group: Label = _CUSTOMER
    unit: Label = ""
    choices: Words | None = None
    offered: Words | None = None
    most: int = 100
    compile: Compile | None = None
    operators: tuple[str, ...] = ()
    is_moment: bool = False
    folds_case: bool = False
    is_listed: bool = True

    @property
    def allowed(self) -> tuple[str, ...]:
        return self.operators or kinds.OPERATORS[self.kind]

    def condition(self, op: str, value: Any, terms: Terms) -> Q:
        """The condition as a query over customers; ``value`` in canonical form."""
        if op in (kinds.NOT_IN, kinds.NOT_SET):
            return ~self.condition(kinds.IN if op == kinds.NOT_IN else kinds.SET, value, terms)
        told = kinds.typed(self.kind, value)
        if self.compile is not None:
            return self.compile(op, told, terms)
        found = self._compared(op, told, terms)
        if self.rows is None:
            return found
        return Q(Exists(self.rows(terms).filter(found, **{self.link: OuterRef("pk")})))

    def _compared(self, op: str, value: Any, terms: Terms) -> Q:
        column = self.column
        if op == kinds.SET:
            known = Q(**{f"{column}__isnull": False})
            return known & ~Q(**{column: ""}) if self.kind in (Kind.TEXT, Kind.CHOICE) else known
        if op == kinds.IN:
            return Q(**{f"{column}__in": value})
        if op == kinds.STARTS:
            start = value.casefold() if self.folds_case else value
            return Q(**{f"{column}__gte": start, f"{column}__lt": start + _LAST_CHARACTER})
        if self.kind is Kind.YESNO:
            return Q(**{column: value})
        if self.kind in (Kind.DATE, Kind.DAYS):
            return days(column, *kinds.days_meant(self.kind, op, value, terms.today), is_moment=self.is_moment)
        scale = 10**terms.money_digits if self.kind is Kind.MONEY else self.scale
        # Django takes a limit that a column cannot pass for one that all rows keep, those without a value too.
        known = Q(**{f"{column}__isnull": False})
        return known & _between(column, *kinds.whole_meant(op, value, scale))


@dataclass(frozen=True, slots=True)
class Relation:
    """Rows that customers have: gives "none in 30 days", "at least 3 in 30 days", "at most 5".

    ``rows``: those that count, asked for each time, inside the workspace's scope. ``customer_column``: which column of
    theirs names the customer. ``at_column``: when it was, a date or a moment; without one there are no days to ask for.
    """

    key: str
    label: Label
    rows: Callable[[], QuerySet[Any]]
    customer_column: str = "customer_id"
    at_column: str = ""
    group: Label = _RELATIONS

    def field(self) -> Field:
        return Field(self.key, self.label, Kind.RELATION, self.at_column, group=self.group, compile=self._compile)

    def _compile(self, op: str, value: Mapping[str, int], terms: Terms) -> Q:
        found = self.rows().order_by()
        if "days" in value:
            found = found.filter(self._since(value["days"], terms))
        if op == kinds.NONE:
            return ~self._some(found, 1)
        count = value["count"]
        if op == kinds.AT_MOST:
            return ~self._some(found, count + 1)
        return self._some(found, count) if count else Q(pk__isnull=False)

    def _some(self, rows: QuerySet[Any], count: int) -> Q:
        mine = rows.filter(**{self.customer_column: OuterRef("pk")})
        # Whether there is a third one, not how many there are: reading stops there.
        return Q(Exists(mine[count - 1 : count] if count > 1 else mine))

    def _since(self, days_back: int, terms: Terms) -> Q:
        first = terms.today - timedelta(days=days_back)
        column = self.rows().model._meta.get_field(self.at_column)
        return days(self.at_column, first, None, is_moment=isinstance(column, DateTimeField))


@dataclass(frozen=True, slots=True)
class Source:
    """Fields that the active workspace has by itself: their keys begin with ``prefix`` and a point."""

    prefix: str
    fields: Callable[[], list[Field]]


registered: dict[str, Field] = {}
sources: dict[str, Source] = {}


def register(*entries: Field | Relation | Source) -> None:
    """Let filters use these; called from ``AppConfig.ready``. Raises ``ValueError`` for a key that is taken."""
    for entry in entries:
        if isinstance(entry, Source):
            if entry.prefix in sources:
                raise ValueError(f"There is a source of fields {entry.prefix} already.")
            sources[entry.prefix] = entry
            continue
        field = entry.field() if isinstance(entry, Relation) else entry
        if field.key in registered:
            raise ValueError(f"There is a field {field.key} already.")
        registered[field.key] = field


def days(column: str, first: date | None, last: date | None, *, is_moment: bool) -> Q:
    """``column`` from the day ``first`` to the day ``last``, both included, in UTC."""
    if not is_moment:
        return _between(column, first, last)
    found = Q(**{f"{column}__isnull": False}) if first is None and last is None else Q()
    if first is not None:
        found &= Q(**{f"{column}__gte": datetime.combine(first, time.min, UTC)})
    if last is not None:
        found &= Q(**{f"{column}__lt": datetime.combine(last + timedelta(days=1), time.min, UTC)})
    return found


def _between(column: str, low: Any, high: Any) -> Q:
    if low is not None and low == high:
        return Q(**{column: low})
    if low is not None and high is not None and low > high:
        return Q(pk__in=[])
    found = Q()
    if low is not None:
        found &= Q(**{f"{column}__gte": low})
    if high is not None:
        found &= Q(**{f"{column}__lte": high})
    return found
