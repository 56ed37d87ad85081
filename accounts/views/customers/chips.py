"""What a filter says in words: one chip a condition, each with the link that removes it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from typing import Any

from babel.numbers import get_currency_precision
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts.filters import NOBODY
from accounts.models import AttributeKind, Membership
from accounts.views.customers.address import Address
from accounts.views.customers.filter_form import ATTRIBUTE, ME, CustomerFilterForm
from csplatform.core import formats
from csplatform.core.ids import parse_uuid

Chip = dict[str, str]


def chips(form: CustomerFilterForm, address: Address, stages: dict[str, str]) -> list[Chip]:
    """The conditions of ``form`` in the order of its fields. ``stages``: names by key."""
    said = form.cleaned_data
    written: dict[str, Callable[[Any], str]] = {
        "band": lambda v: _("health is %(words)s") % {"words": _either([str(_word(form, "band", x)) for x in v])},
        "state": lambda v: _("contract is %(words)s") % {"words": _either([str(_word(form, "state", x)) for x in v])},
        "stage": lambda v: _("stage is %(words)s") % {"words": _either([stages.get(x, x) for x in v])},
        "csm": lambda v: _("CSM is %(words)s") % {"words": _either(_people(v, form.membership))},
        "arr_min": lambda v: _("ARR from %(sum)s") % {"sum": _money(v, form)},
        "arr_max": lambda v: _("ARR up to %(sum)s") % {"sum": _money(v, form)},
        "notice_by": lambda v: _("notice deadline by %(day)s") % {"day": _day(v)},
        "notice_within": lambda v: _("notice deadline within %(n)s days") % {"n": v},
        "risk_min": lambda v: _("churn risk from %(share)s") % {"share": _share(v)},
        "risk_max": lambda v: _("churn risk up to %(share)s") % {"share": _share(v)},
        "tag": lambda v: _("tag is %(words)s") % {"words": _either(v)},
        "country": lambda v: _("country is %(words)s") % {"words": _either(v)},
        "industry": lambda v: _("industry is %(words)s") % {"words": _either(v)},
    }
    found = [{"text": _("name or id like “%(text)s”") % {"text": form.text}, "name": "q"}] if form.text else []
    for name, write in written.items():
        if said.get(name) not in (None, "", []):
            found.append({"text": write(said[name]), "name": name})
    found += _attribute_chips(form)
    return [{"text": chip["text"], "remove_url": address.without(chip["name"])} for chip in found]


def mistakes(form: CustomerFilterForm) -> list[str]:
    """One sentence for each condition that could not be read and was left out."""
    return [
        _("%(field)s: %(reason)s This condition was left out.")
        % {"field": form.fields[name].label or name, "reason": " ".join(map(str, reasons))}
        for name, reasons in form.errors.items()
        if name in form.fields
    ]


def _attribute_chips(form: CustomerFilterForm) -> Iterator[Chip]:
    for definition in form.definitions:
        name = ATTRIBUTE + definition.key
        for suffix, sentence in (
            ("", _("%(label)s is %(value)s")),
            ("_min", _("%(label)s from %(value)s")),
            ("_max", _("%(label)s up to %(value)s")),
        ):
            value = form.cleaned_data.get(name + suffix)
            if value in (None, ""):
                continue
            if definition.kind == AttributeKind.BOOLEAN:
                value = _("yes") if value == "yes" else _("no")
            elif isinstance(value, date):
                value = _day(value)
            elif isinstance(value, Decimal):
                value = formats.number(value, get_language())
            yield {"text": sentence % {"label": definition.label, "value": value}, "name": name + suffix}


def _word(form: CustomerFilterForm, field: str, value: str) -> str:
    words = dict(form.fields[field].choices)  # type: ignore[attr-defined]  # wider in the types than it can be here
    return str(words.get(value, value)).lower() if get_language() != "de" else str(words.get(value, value))


def _people(values: list[str], reader: Membership) -> list[str]:
    """Names of memberships, in the order asked; someone unknown stays the id that was asked for."""
    ids = {value: parse_uuid(value) for value in values if value not in (ME, NOBODY)}
    wanted = [identity for identity in ids.values() if identity]
    names: dict[Any, str] = {}
    if wanted:
        rows = Membership.objects.filter(workspace_id=reader.workspace_id, pk__in=wanted).select_related("user")
        names = {row.pk: str(row.user) for row in rows}
    fixed = {ME: _("me"), NOBODY: _("nobody")}
    return [fixed.get(value) or names.get(ids[value], value) for value in values]


def _either(words: list[str]) -> str:
    """Words joined as alternatives."""
    if len(words) < 2:
        return "".join(words)
    return _("%(many)s or %(last)s") % {"many": ", ".join(words[:-1]), "last": words[-1]}


def _money(amount: Decimal, form: CustomerFilterForm) -> str:
    minor = int(amount.scaleb(get_currency_precision(form.workspace.currency)))
    return formats.money(minor, form.workspace.currency, get_language())


def _day(value: date) -> str:
    return formats.day(value, get_language())


def _share(value: Decimal) -> str:
    return formats.percent(value / 100, get_language())
