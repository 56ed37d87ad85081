"""The kinds of this app: customers, contacts and subscriptions."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any, ClassVar

from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from accounts import values
from accounts.imports.kinds import Applied, Chunk, Column, Context, Extra, ImportKind
from accounts.models import AttributeKind
from accounts.services import attributes, contacts, customers, hierarchy, subscriptions
from accounts.services.results import Outcome, Refusal, Result
from accounts.services.writing import Cleaner, Facts
from csplatform.core import formats

_NOT_VALUES = {"external_id", "known_at"}
_OTHER: dict[str, Cleaner] = {"external_id": partial(values.text, limit=200), "known_at": values.moment}


def _facts(
    chunk: Chunk, make: Callable[[int, dict[str, Any], dict[str, Any]], Facts]
) -> tuple[list[Facts], list[int], list[Refusal]]:
    """Rows as facts with their positions in the chunk; rows whose own columns are unusable as refusals."""
    facts, places, refused = [], [], []
    for place, (number, cells, extra) in enumerate(chunk.rows()):
        field = "known_at"
        try:
            known_at = values.moment(cells.get("known_at"))
            field = ""
            made = make(number, cells, extra)
            facts.append(
                replace(made, known_at=known_at, is_one_of_many=number in chunk.repeated) if known_at else made
            )
            places.append(place)
        except ValueError as error:
            refused.append(Refusal(place, field, str(error)))
    return facts, places, refused


def _id(cells: Mapping[str, Any]) -> str:
    return str(cells["external_id"] if cells["external_id"] is not None else "")


def _applied(result: Result, places: list[int], refused: list[Refusal]) -> Applied:
    return Applied(
        created=result.count(Outcome.CREATED),
        updated=result.count(Outcome.UPDATED),
        unchanged=result.count(Outcome.UNCHANGED),
        refused=refused + [Refusal(places[r.index], r.field, r.reason) for r in result.refusals],
        notes=result.notes,
    )


def _in_words(cleaner: Cleaner, cell: Any, currency: str, *, is_money: bool) -> str:
    value = cleaner(cell)
    if value is None:
        return ""
    if is_money:
        return formats.money(value, currency, get_language())
    if isinstance(value, bool):
        return str(_("yes") if value else _("no"))
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M} UTC"
    return ", ".join(value) if isinstance(value, list) else str(value)


def _version_columns(mapped: frozenset[str], occurrence: str = "") -> tuple[str, ...]:
    if "known_at" in mapped:
        return ("external_id", "known_at")
    return ("external_id", occurrence) if occurrence in mapped else ("external_id",)


class Customers(ImportKind):
    """Links may point at later rows, so a file that has any is gone through twice."""

    key = "customers"
    label = _("Customers")
    extra = Extra.ATTRIBUTES
    columns: ClassVar[tuple[Column, ...]] = (
        Column("external_id", _("your own id of the customer"), True),
        Column("name", _("the company's name")),
        Column("domain", _("its web domain")),
        Column("industry"),
        Column("country"),
        Column("region"),
        Column("employees", _("a whole number")),
        Column("lifecycle_stage", _("the stage your CRM names; kept as told")),
        Column("owner_email", _("e-mail of its CSM")),
        Column("parent_external_id", _("your id of the parent company")),
        Column("created_at", _("since when you know it")),
        Column("referred_by_external_id", _("your id of the customer that referred it")),
        Column("tags", _("several parted by | or ;")),
        Column("source", _("where it came from")),
        Column("expected_arr", _("before the contract, a year")),
        Column("stage", _("key of the stage it is at; without it, what the contract says")),
    )

    def understood(self, column: str, cell: Any, currency: str) -> str:
        cleaner = customers.cleaners(currency).get(column) or _OTHER[column]
        return _in_words(cleaner, cell, currency, is_money=column == "expected_arr")

    def version_columns(self, mapped: frozenset[str]) -> tuple[str, ...]:
        return _version_columns(mapped)

    def steps(self, mapped: frozenset[str]) -> int:
        return 2 if mapped & hierarchy.LINKS.keys() else 1

    def prepare(self, extra: Mapping[str, tuple[str, AttributeKind]], context: Context) -> None:
        attributes.define(wanted=extra, now=context.now)

    def apply(self, chunk: Chunk, context: Context) -> Applied:
        if context.step == 1:
            return self._link(chunk, context)
        left_out = _NOT_VALUES | hierarchy.LINKS.keys()
        facts, places, refused = _facts(
            chunk,
            lambda _number, cells, extra: Facts(
                _id(cells), {name: cell for name, cell in cells.items() if name not in left_out}, extra=extra
            ),
        )
        result = customers.upsert(rows=facts, actor=context.actor, now=context.now)
        return _applied(result, places, refused)

    def _link(self, chunk: Chunk, context: Context) -> Applied:
        facts, places, _refused_before = _facts(
            chunk,
            lambda _number, cells, _extra: Facts(
                _id(cells), {name: cell for name, cell in cells.items() if name in hierarchy.LINKS}
            ),
        )
        result = hierarchy.set_links(rows=facts, actor=context.actor, now=context.now)
        kept = str(_("the customer was kept without this link"))
        refused = [Refusal(places[r.index], r.field, f"{r.reason}; {kept}") for r in result.refusals]
        return Applied(refused=refused)


class Contacts(ImportKind):
    key = "contacts"
    label = _("Contacts")
    extra = Extra.TRAITS
    columns: ClassVar[tuple[Column, ...]] = (
        Column("external_id", _("your own id of the person"), True),
        Column("customer_external_id", _("your id of the customer"), True),
        Column("email"),
        Column("name"),
        Column("role", _("their part in the work with you")),
        Column("title", _("their job")),
        Column("is_sponsor", _("yes or no")),
        Column("is_champion", _("yes or no")),
        Column("invited_at", _("when they got access")),
    )

    def understood(self, column: str, cell: Any, currency: str) -> str:
        return _in_words(contacts.CLEANERS.get(column) or _OTHER[column], cell, currency, is_money=False)

    def version_columns(self, mapped: frozenset[str]) -> tuple[str, ...]:
        return _version_columns(mapped)

    def apply(self, chunk: Chunk, context: Context) -> Applied:
        def make(_number: int, cells: dict[str, Any], extra: dict[str, Any]) -> Facts:
            if values.is_blank(cells["customer_external_id"]):
                raise ValueError("customer_external_id: is empty")
            told = {name: cell for name, cell in cells.items() if name not in _NOT_VALUES}
            traits = {key: kept for key, cell in extra.items() if (kept := values.trait(cell)) is not None}
            return Facts(_id(cells), told, traits=traits)

        facts, places, refused = _facts(chunk, make)
        return _applied(contacts.upsert(rows=facts, actor=context.actor, now=context.now), places, refused)


_MAKES_ID = ("customer_external_id", "product", "starts_on")
_LONGEST_ID = 200


def _made_id(cells: Mapping[str, Any]) -> str:
    """The id of a subscription whose file has none: the same customer, product and first day are the same one."""
    first = values.day(cells["starts_on"])
    parts = [str(cells.get(name) or "").strip() for name in _MAKES_ID[:2]]
    made = "/".join([*parts, first.isoformat() if first else ""])
    return made if len(made) <= _LONGEST_ID else hashlib.blake2b(made.encode(), digest_size=20).hexdigest()


class Subscriptions(ImportKind):
    key = "subscriptions"
    label = _("Subscriptions")
    one_of = (("mrr", "arr"),)
    columns: ClassVar[tuple[Column, ...]] = (
        Column(
            "external_id",
            _("your own id of the subscription; without one it is made of customer, product and first day"),
        ),
        Column("customer_external_id", _("your id of the customer"), True),
        Column("product"),
        Column("plan"),
        Column("seats", _("a whole number")),
        Column("mrr", _("revenue a month; the year is twelve of it")),
        Column("arr", _("revenue a year; goes before mrr")),
        Column("currency", _("the workspace's, such as EUR")),
        Column("billing_period_months", _("12 when left out")),
        Column("starts_on", _("first day"), True),
        Column("ends_on", _("first day without it")),
        Column("cancelled_on", _("when notice was given")),
        Column("renewal_on", _("next renewal")),
        Column("auto_renews", _("yes or no")),
        Column("notice_days", _("days of notice before the renewal")),
    )

    def understood(self, column: str, cell: Any, currency: str) -> str:
        cleaner = subscriptions.cleaners(currency).get(column) or _OTHER[column]
        words = _in_words(cleaner, cell, currency, is_money=column in ("mrr", "arr"))
        return str(_("%(money)s a year") % {"money": words}) if words and column in ("mrr", "arr") else words

    def version_columns(self, mapped: frozenset[str]) -> tuple[str, ...]:
        if "external_id" not in mapped:
            told = (name for name in _MAKES_ID if name in mapped)
            return (*told, "known_at") if "known_at" in mapped else tuple(told)
        return _version_columns(mapped, "starts_on")

    def apply(self, chunk: Chunk, context: Context) -> Applied:
        has_known_at = "known_at" in chunk.columns

        def make(number: int, cells: dict[str, Any], _extra: dict[str, Any]) -> Facts:
            told = {name: cell for name, cell in cells.items() if name not in _NOT_VALUES}
            occurred = values.day(cells["starts_on"]) if number in chunk.repeated and not has_known_at else None
            # Rows of one subscription without a known_at are its versions, each known when it starts.
            known_at = min(subscriptions.midnight(occurred), context.now) if occurred else None
            return Facts(_id(cells) if "external_id" in cells else _made_id(cells), told, known_at)

        facts, places, refused = _facts(chunk, make)
        return _applied(subscriptions.upsert(rows=facts, actor=context.actor, now=context.now), places, refused)
