"""The fields of the active workspace, and what a filter means with them: checked, canonical, as a query."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from babel.numbers import get_currency_precision
from django.db.models import Q

from accounts.models import Workspace
from accounts.segments import fields, kinds, language
from accounts.segments.fields import Field, Terms
from accounts.segments.language import Condition, Fault, Filter, Group, Negation, Node
from csplatform.core.tenancy import current_workspace_id

NO_FIELD = "no_field"
NO_OPERATOR = "no_operator"
NO_CHOICE = "no_choice"
NOBODY_READS = "nobody_reads"
UNDATED = "undated"


class Catalogue:
    """What there is to filter by in the active workspace. Asks the database only for what is used, and once.

    Make one for a request or a task; do not keep it.
    """

    def __init__(self, currency: str = "") -> None:
        """``currency``: the workspace's, where it is known already."""
        self._told_currency = currency
        self._sourced: dict[str, dict[str, Field]] = {}
        self._choices: dict[str, Mapping[str, str]] = {}

    def find(self, key: str) -> Field | None:
        """The field of this key; None where there is none (any more)."""
        prefix, point, _rest = key.partition(".")
        if not point:
            return fields.registered.get(key)
        return self._of(prefix).get(key) if prefix in fields.sources else None

    def all(self) -> list[Field]:
        """Every field, those of the workspace's own last."""
        own = [field for prefix in fields.sources for field in self._of(prefix).values()]
        return [*fields.registered.values(), *own]

    def choices(self, field: Field) -> Mapping[str, str]:
        """The words a field allows, or suggests, with what they are called."""
        if field.key not in self._choices:
            asked = field.choices or field.offered
            self._choices[field.key] = asked() if asked else {}
        return self._choices[field.key]

    @cached_property
    def currency(self) -> str:
        return self._told_currency or str(
            Workspace.objects.values_list("currency", flat=True).get(pk=current_workspace_id())
        )

    def terms(self, filter: Filter, now: datetime) -> Terms:
        used = {field.kind for each in filter.conditions if (field := self.find(each.field))}
        return Terms(now, get_currency_precision(self.currency) if kinds.Kind.MONEY in used else 2)

    def _of(self, prefix: str) -> dict[str, Field]:
        if prefix not in self._sourced:
            self._sourced[prefix] = {field.key: field for field in fields.sources[prefix].fields()}
        return self._sourced[prefix]


def bound(filter: Filter, catalogue: Catalogue) -> Filter:
    """The filter with every value in canonical form; ``faults`` name what the workspace cannot answer (any more)."""
    binder = _Binder(catalogue)
    root = binder.node(filter.root, "")
    return Filter(root, filter.faults + tuple(binder.faults))


class _Binder:
    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self.faults: list[Fault] = []

    def node(self, node: Node, path: str) -> Node:
        if isinstance(node, Condition):
            return self._condition(node, path)
        if isinstance(node, Negation):
            return Negation(self.node(node.part, language.below(path, language.NOT)))
        parts = enumerate(node.parts)
        return Group(node.join, tuple(self.node(part, language.below(path, f"{node.join}.{i}")) for i, part in parts))

    def _fault(self, path: str, name: str, code: str, **told: Any) -> None:
        self.faults.append(Fault(language.below(path, name), code, tuple(told.items())))

    def _condition(self, node: Condition, path: str) -> Condition:
        field = self.catalogue.find(node.field)
        if field is None:
            self._fault(path, "field", NO_FIELD, field=node.field)
            return node
        op = kinds.operator_of(field.kind, node.op)
        if op not in field.allowed:
            self._fault(path, "op", NO_OPERATOR, op=node.op, field=field.label, known=", ".join(field.allowed))
            return node
        try:
            value = kinds.canonical(field.kind, op, node.value, most=field.most)
        except kinds.ValueFaultError as error:
            self._fault(path, "value", error.code, field=field.label, **error.told)
            return node
        if field.choices is not None and isinstance(value, list):
            known = self.catalogue.choices(field)
            for word in value:
                if word not in known:
                    self._fault(path, "value", NO_CHOICE, field=field.label, word=word, known=", ".join(known))
        if field.kind is kinds.Kind.RELATION and "days" in value and not field.column:
            self._fault(path, "value", UNDATED, field=field.label)
        return Condition(node.field, op, value)


def for_reader(filter: Filter, member_id: UUID | None) -> Filter:
    """The filter with "me" read as this member; without one, "me" stays, and the filter matches nobody."""
    return filter if member_id is None else Filter(_named(filter.root, str(member_id)), filter.faults)


def _named(node: Node, member: str) -> Node:
    if isinstance(node, Condition):
        told = node.value
        if isinstance(told, list):
            told = [member if each == kinds.ME else each for each in told]
        return Condition(node.field, node.op, told)
    if isinstance(node, Negation):
        return Negation(_named(node.part, member))
    return Group(node.join, tuple(_named(part, member) for part in node.parts))


def faults_of(filter: Filter, catalogue: Catalogue) -> tuple[Fault, ...]:
    """Why a filter cannot be answered."""
    checked = bound(filter, catalogue)
    return checked.faults + tuple(_unread(checked, catalogue))


def compiled(filter: Filter, now: datetime, catalogue: Catalogue) -> Q:
    """The query of a filter; nobody's where any part of it cannot be answered."""
    checked = bound(filter, catalogue)
    if checked.faults or any(_unread(checked, catalogue)):
        return Q(pk__in=[])
    return _query(checked.root, catalogue, catalogue.terms(checked, now), negated=False)


def _unread(filter: Filter, catalogue: Catalogue) -> Iterator[Fault]:
    for path, each in language.placed(filter.root):
        field = catalogue.find(each.field)
        if field and field.kind is kinds.Kind.MEMBER and isinstance(each.value, list) and kinds.ME in each.value:
            yield Fault(language.below(path, "value"), NOBODY_READS, (("field", field.label),))


def _query(node: Node, catalogue: Catalogue, terms: Terms, *, negated: bool) -> Q:
    """Negations go down to the conditions, each of which is true or false of everybody."""
    if isinstance(node, Negation):
        return _query(node.part, catalogue, terms, negated=not negated)
    if isinstance(node, Condition):
        field = catalogue.find(node.field)
        assert field is not None
        found = field.condition(node.op, node.value, terms)
        return ~found if negated else found
    parts = [_query(part, catalogue, terms, negated=negated) for part in node.parts]
    found = Q()
    for part in parts:
        found = found & part if (node.join == language.ALL) != negated else found | part
    return found
