"""Filters and their faults in words, in the reader's language."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from babel.numbers import get_currency_precision
from django.utils.translation import get_language, ngettext, pgettext
from django.utils.translation import gettext as _

from accounts.models import Membership
from accounts.segments import catalogue as binding
from accounts.segments import kinds, language
from accounts.segments.catalogue import Catalogue
from accounts.segments.fields import Field
from accounts.segments.kinds import Kind
from accounts.segments.language import Condition, Fault, Filter, Negation, Node, top_parts
from csplatform.core import formats
from csplatform.core.tenancy import current_workspace_id

COUNTRY = "country"
_LISTED = 5


def explain(filter: Filter, catalogue: Catalogue | None = None) -> str:
    """What a filter says, as one phrase: "Customers in Germany with ARR over €50,000". Never fails."""
    if filter.faults:
        return _("Nobody: the filter cannot be read.")
    return _Speaker(filter, catalogue or Catalogue()).sentence()


def explain_parts(filter: Filter, catalogue: Catalogue) -> list[str]:
    """One phrase for each of ``top_parts``."""
    speaker = _Speaker(filter, catalogue)
    return [speaker.phrase(node) for node in top_parts(filter)]


class _Speaker:
    def __init__(self, filter: Filter, catalogue: Catalogue) -> None:
        self.filter, self.catalogue = binding.bound(filter, catalogue), catalogue
        self.code = get_language()
        self._people: dict[str, str] | None = None

    def sentence(self) -> str:
        told = top_parts(self.filter)
        places = [self._country(part) for part in told]
        where = [place for place in places if place]
        rest = [self.phrase(part) for part, place in zip(told, places, strict=True) if not place]
        if not where and not rest:
            return _("All customers")
        if len(where) > 1:
            where, rest = [], [self.phrase(part) for part in told]
        named = {"places": "".join(where), "conditions": _both(rest)}
        if not rest:
            return _("Customers in %(places)s") % named
        if where:
            return _("Customers in %(places)s with %(conditions)s") % named
        return _("Customers with %(conditions)s") % named

    def phrase(self, node: Node, *, inside: bool = False) -> str:
        if isinstance(node, Condition):
            return self._condition(node)
        if isinstance(node, Negation):
            return _("not (%(condition)s)") % {"condition": self.phrase(node.part)}
        words = [self.phrase(part, inside=True) for part in node.parts]
        joined = _both(words) if node.join == language.ALL else either(words)
        return f"({joined})" if inside and len(words) > 1 else joined

    def _country(self, node: Node) -> str:
        if not isinstance(node, Condition) or node.field != COUNTRY or node.op != kinds.IN or not node.value:
            return ""
        return either(self._named(self.catalogue.find(COUNTRY), node.value))

    def _condition(self, node: Condition) -> str:
        field = self.catalogue.find(node.field)
        if field is None:
            return _("“%(field)s”, which no longer exists") % {"field": node.field}
        told = {"field": in_sentence(field.label, self.code), "word": str(field.label)}
        try:
            return self._written(field, node, told)
        except (TypeError, ValueError, KeyError, ArithmeticError):
            # A value its operator cannot use: the faults say so, here it only has to be named.
            return _("%(field)s (cannot be read)") % told

    def _written(self, field: Field, node: Condition, told: dict[str, Any]) -> str:
        if field.kind is Kind.RELATION:
            return _counted(node, told)
        if field.kind is Kind.SEARCH:
            return _("name or id like “%(text)s”") % {"text": node.value}
        if field.kind is Kind.YESNO and node.op == kinds.EQ:
            return (_("%(field)s: yes") if node.value else _("%(field)s: no")) % told
        values = node.value if isinstance(node.value, list) else [node.value]
        shown = self._named(field, values) if node.op in _TAKES_VALUE else []
        if node.op == kinds.BETWEEN:
            told |= {"low": shown[0], "high": shown[1]}
        elif node.op in (kinds.IN, kinds.NOT_IN):
            told["value"] = either(shown)
        elif shown:
            told["value"] = shown[0]
        if kinds.SHAPES[node.op] is kinds.Shape.SPAN:
            told["n"] = node.value
            return _span(node.op, int(node.value)) % told
        return _SENTENCES[node.op](field.kind) % told

    def _named(self, field: Field | None, values: Sequence[Any]) -> list[str]:
        assert field is not None
        shown = [self._value(field, value) for value in values[:_LISTED]]
        if len(values) > _LISTED:
            more = len(values) - _LISTED
            shown.append(ngettext("%(n)d more", "%(n)d more", more) % {"n": more})
        return shown

    def _value(self, field: Field, value: Any) -> str:
        kind, code = field.kind, self.code
        if kind is Kind.MEMBER:
            return self._person(str(value))
        if kind in (Kind.CHOICE, Kind.TEXT):
            if field.key == COUNTRY:
                return country(str(value), code)
            word = self.catalogue.choices(field).get(value) if field.choices else None
            return in_sentence(word, code) if word else str(value)
        typed = kinds.typed(kind, value)
        if isinstance(typed, date):
            return formats.day(typed, code)
        if kind is Kind.MONEY:
            minor = int(typed * 10 ** get_currency_precision(self.catalogue.currency))
            return formats.money(minor, self.catalogue.currency, code)
        if kind is Kind.PERCENT:
            return formats.percent(typed / 100, code, digits=0 if typed == typed.to_integral_value() else 1)
        if kind is Kind.DAYS:
            return ngettext("%(n)d day", "%(n)d days", int(typed)) % {"n": int(typed)}
        written = formats.number(Decimal(typed), code)
        return f"{written} {field.unit}" if field.unit else written

    def _person(self, value: str) -> str:
        if value == kinds.ME:
            return _("me")
        if self._people is None:
            wanted = [
                told
                for each in self.filter.conditions
                if (field := self.catalogue.find(each.field)) and field.kind is Kind.MEMBER
                for told in (each.value if isinstance(each.value, list) else [])
                if told != kinds.ME
            ]
            self._people = _names(wanted)
        return self._people.get(value) or _("somebody who left")


def _names(ids: list[Any]) -> dict[str, str]:
    wanted = []
    for each in ids:
        try:
            wanted.append(UUID(str(each)))
        except ValueError:
            continue
    if not wanted:
        return {}
    rows = Membership.objects.filter(workspace_id=current_workspace_id(), pk__in=wanted).select_related("user")
    return {str(row.pk): str(row.user) for row in rows}


def country(code: str, reader: str | None) -> str:
    """A country as its reader calls it; as it was written where it is no code."""
    name = formats.locale_of(reader).territories.get(code) if len(code) == 2 else None
    return str(name) if name else code


def in_sentence(label: Any, code: str | None) -> str:
    """A label inside a sentence: small, unless it is an abbreviation or the language writes nouns large."""
    text = str(label)
    if (code or "en").startswith("de") or text[1:2] != text[1:2].lower():
        return text
    return text[:1].lower() + text[1:]


def either(words: Sequence[str]) -> str:
    """Words joined as alternatives."""
    if len(words) < 2:
        return "".join(words)
    return _("%(many)s or %(last)s") % {"many": ", ".join(words[:-1]), "last": words[-1]}


def _both(words: Sequence[str]) -> str:
    if len(words) < 2:
        return "".join(words)
    return _("%(many)s and %(last)s") % {"many": ", ".join(words[:-1]), "last": words[-1]}


def _counted(node: Condition, told: dict[str, Any]) -> str:
    days, count = node.value.get("days"), node.value.get("count", 0)
    told |= {"days": days, "n": count}
    if node.op == kinds.NONE:
        if days is None:
            return _("no %(field)s") % told
        return ngettext("no %(field)s in %(days)d day", "no %(field)s in %(days)d days", days) % told
    if node.op == kinds.AT_LEAST:
        said = ngettext("%(field)s at least %(n)d time", "%(field)s at least %(n)d times", count) % told
    else:
        said = ngettext("%(field)s at most %(n)d time", "%(field)s at most %(n)d times", count) % told
    if days is None:
        return said
    return ngettext("%(said)s in %(days)d day", "%(said)s in %(days)d days", days) % {"said": said, "days": days}


def _span(op: str, n: int) -> str:
    """With ``%(n)d`` and ``%(field)s`` still to be filled in."""
    return {
        kinds.IN_NEXT: lambda: ngettext("%(field)s within %(n)d day", "%(field)s within %(n)d days", n),
        kinds.IN_LAST: lambda: ngettext("%(field)s in the last %(n)d day", "%(field)s in the last %(n)d days", n),
        kinds.DUE_WITHIN: lambda: ngettext(
            "%(field)s within %(n)d day or past", "%(field)s within %(n)d days or past", n
        ),
        kinds.OLDER_THAN: lambda: ngettext(
            "%(field)s more than %(n)d day ago", "%(field)s more than %(n)d days ago", n
        ),
        kinds.LATER_THAN: lambda: ngettext(
            "%(field)s more than %(n)d day ahead", "%(field)s more than %(n)d days ahead", n
        ),
    }[op]()


def _by_kind(of_days: Callable[[], str], otherwise: Callable[[], str]) -> Callable[[Kind], str]:
    return lambda kind: of_days() if kind is Kind.DATE else otherwise()


_SENTENCES: dict[str, Callable[[Kind], str]] = {
    kinds.IN: lambda kind: _("%(field)s %(value)s"),
    kinds.NOT_IN: lambda kind: _("%(field)s other than %(value)s"),
    kinds.STARTS: lambda kind: _("%(field)s beginning with “%(value)s”"),
    kinds.SET: lambda kind: _("%(field)s known"),
    kinds.NOT_SET: lambda kind: _("%(field)s unknown"),
    kinds.EQ: _by_kind(lambda: _("%(field)s on %(value)s"), lambda: _("%(field)s of exactly %(value)s")),
    kinds.GTE: _by_kind(lambda: _("%(field)s from %(value)s"), lambda: _("%(field)s of at least %(value)s")),
    kinds.GT: _by_kind(lambda: _("%(field)s after %(value)s"), lambda: _("%(field)s over %(value)s")),
    kinds.LTE: _by_kind(lambda: _("%(field)s by %(value)s"), lambda: _("%(field)s of at most %(value)s")),
    kinds.LT: _by_kind(lambda: _("%(field)s before %(value)s"), lambda: _("%(field)s under %(value)s")),
    kinds.BETWEEN: lambda kind: _("%(field)s between %(low)s and %(high)s"),
}
_TAKES_VALUE = {
    op for op, shape in kinds.SHAPES.items() if shape in (kinds.Shape.ONE, kinds.Shape.MANY, kinds.Shape.PAIR)
}


def operator_words(op: str, kind: Kind) -> str:
    """What an operator is called where one chooses it."""
    return (_DATED.get(op, _OPERATORS[op]) if kind is Kind.DATE else _OPERATORS[op])()


_OPERATORS: dict[str, Callable[[], str]] = {
    kinds.IN: lambda: pgettext("operator", "is any of"),
    kinds.NOT_IN: lambda: pgettext("operator", "is none of"),
    kinds.STARTS: lambda: pgettext("operator", "begins with"),
    kinds.LIKE: lambda: pgettext("operator", "is like"),
    kinds.EQ: lambda: pgettext("operator", "is exactly"),
    kinds.GTE: lambda: pgettext("operator", "is at least"),
    kinds.GT: lambda: pgettext("operator", "is over"),
    kinds.LTE: lambda: pgettext("operator", "is at most"),
    kinds.LT: lambda: pgettext("operator", "is under"),
    kinds.BETWEEN: lambda: pgettext("operator", "is between"),
    kinds.SET: lambda: pgettext("operator", "is known"),
    kinds.NOT_SET: lambda: pgettext("operator", "is unknown"),
    kinds.IN_NEXT: lambda: pgettext("operator", "is within the next"),
    kinds.IN_LAST: lambda: pgettext("operator", "was within the last"),
    kinds.DUE_WITHIN: lambda: pgettext("operator", "is within the next, or past"),
    kinds.OLDER_THAN: lambda: pgettext("operator", "is longer ago than"),
    kinds.LATER_THAN: lambda: pgettext("operator", "is further ahead than"),
    kinds.NONE: lambda: pgettext("operator", "none"),
    kinds.AT_LEAST: lambda: pgettext("operator", "at least"),
    kinds.AT_MOST: lambda: pgettext("operator", "at most"),
}
_DATED: dict[str, Callable[[], str]] = {
    kinds.EQ: lambda: pgettext("operator", "is on"),
    kinds.GTE: lambda: pgettext("operator", "is on or after"),
    kinds.GT: lambda: pgettext("operator", "is after"),
    kinds.LTE: lambda: pgettext("operator", "is on or before"),
    kinds.LT: lambda: pgettext("operator", "is before"),
}


def message(fault: Fault) -> str:
    """What is wrong and what to do, in words."""
    told = {name: str(value) for name, value in fault.told}
    return _FAULTS[fault.code]() % told


_FAULTS: dict[str, Callable[[], str]] = {
    language.NO_OBJECT: lambda: _("Expected an object: a condition, or a group “all”, “any” or “not”."),
    language.NO_LIST: lambda: _("Expected a list of conditions and groups."),
    language.EMPTY_GROUP: lambda: _("The group is empty. Add a condition, or remove it."),
    language.TOO_DEEP: lambda: _("Groups may lie %(most)s deep. Take this one apart."),
    language.TOO_MANY: lambda: _("There are %(n)s conditions; a filter has at most %(most)s. Remove some."),
    language.UNREADABLE: lambda: _("Expected “field”, “op” and “value”, or exactly one of “all”, “any” and “not”."),
    language.NO_TEXT: lambda: _("Expected a short text."),
    binding.NO_FIELD: lambda: _(
        "There is no “%(field)s” to filter by (any more). Choose another field, or remove the condition."
    ),
    binding.NO_OPERATOR: lambda: _("“%(op)s” does not go with %(field)s. Use one of: %(known)s."),
    binding.NO_CHOICE: lambda: _("%(field)s: there is no “%(word)s” (any more). Choose among: %(known)s."),
    binding.NOBODY_READS: lambda: _("%(field)s: “me” means nobody here. Name the person instead."),
    binding.UNDATED: lambda: _("%(field)s has no dates to count days from. Leave the days out."),
    kinds.NO_VALUE: lambda: _("%(field)s: this operator takes no value. Leave it out."),
    kinds.NO_LIST_OF_VALUES: lambda: _("%(field)s: name at least one value."),
    kinds.TOO_MANY_VALUES: lambda: _("%(field)s: %(n)s values; at most %(most)s are possible."),
    kinds.NO_PAIR: lambda: _("%(field)s: expected two values, the lower and the upper."),
    kinds.TURNED_ROUND: lambda: _("%(field)s: the lower value stands above the upper. Turn them round."),
    kinds.NO_NUMBER: lambda: _("%(field)s: expected a number with at most four digits after the point."),
    kinds.NO_SHARE: lambda: _("%(field)s: expected a percentage from 0 to 100."),
    kinds.NO_DATE: lambda: _("%(field)s: expected a date such as 2026-12-31."),
    kinds.NO_SPAN: lambda: _("%(field)s: expected whole days from %(least)s to %(most)s."),
    kinds.NO_YESNO: lambda: _("%(field)s: expected yes or no (true or false)."),
    kinds.NO_WORD: lambda: _("%(field)s: expected a text that is not empty."),
    kinds.NO_MEMBER: lambda: _("%(field)s: expected the id of a member, or “me”."),
    kinds.NO_ID: lambda: _("%(field)s: expected an id."),
    kinds.NO_PERIOD: lambda: _("%(field)s: expected “days” as a whole number, or nothing for ever."),
    kinds.NO_COUNT: lambda: _("%(field)s: expected “count” as a whole number, and “days” where a time is meant."),
}
