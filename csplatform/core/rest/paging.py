"""Cursor pages over an index: every row once, in any order, whatever is inserted or changed elsewhere meanwhile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from operator import attrgetter
from typing import Any
from uuid import UUID

from django.core import signing
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import remove_query_param, replace_query_param

from csplatform.core.rest.problems import invalid

DEFAULT_LIMIT = 50
MAX_LIMIT = 500
RESERVED = frozenset({"limit", "cursor", "ordering"})

_signer = signing.Signer(salt="csplatform.core.rest.paging")


@dataclass(frozen=True, slots=True)
class Order:
    """A column a list may be sorted by. Missing values come last in both directions.

    ``index_descends``: the index holds the column in descending order with ascending ids; ids break ties in
    the direction that lets the index serve both. ``column``: its path; at a related row (``health__points``) the
    index holds that row's key as the id.
    """

    column: str
    nullable: bool = False
    index_descends: bool = False

    @property
    def identity(self) -> str:
        """The path of the id that stands beside the column in its index."""
        relation, joint, _column = self.column.rpartition("__")
        return f"{relation}{joint}pk"


BY_ID: Mapping[str, Order] = {"id": Order("id")}


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place between two rows: after (or, backwards, before) the row with ``value`` and ``row_id``."""

    ordering: str
    backwards: bool
    value: Any
    row_id: UUID | int

    def encode(self) -> str:
        value = self.value.isoformat() if isinstance(self.value, date) else self.value
        row_id = str(self.row_id) if isinstance(self.row_id, UUID) else self.row_id
        value = str(value) if isinstance(value, UUID) else value
        return _signer.sign_object([self.ordering, self.backwards, value, row_id], compress=True)


@dataclass(frozen=True, slots=True)
class Page:
    rows: list[Any]
    next: Cursor | None
    previous: Cursor | None


def decode(text: str, ordering: str) -> Cursor:
    """The cursor written in ``text``; raises a 400 problem when it is not one of ours for this ordering."""
    try:
        made_for, backwards, value, row_id = _signer.unsign_object(text)
    except (signing.BadSignature, ValueError, TypeError, UnicodeError) as error:
        message = _("Not a cursor of this list; follow next and previous as they are.")
        raise invalid([("cursor", message)]) from error
    if made_for != ordering:
        raise invalid([("cursor", _("This cursor belongs to another ordering; start again without it."))])
    return Cursor(ordering, backwards, value, row_id)


def read_page(queryset: QuerySet[Any], *, order: Order, ordering: str, limit: int, cursor: Cursor | None) -> Page:
    """At most ``limit`` rows after ``cursor`` in at most two queries.

    Rows with a value and rows without are two stretches of the list, each read by its own index range: one
    condition over both would make PostgreSQL walk the index from its start.
    """
    backwards = cursor is not None and cursor.backwards
    stretches = [False, True] if order.nullable and order.column != "id" else [False]
    if backwards:
        stretches.reverse()
    if cursor is not None and order.nullable:
        stretches = stretches[stretches.index(cursor.value is None) :]
    rows: list[Any] = []
    for position, nulls in enumerate(stretches):
        wanted = limit + 1 - len(rows)
        if wanted > 0:
            inside = cursor if position == 0 else None
            rows += _stretch(queryset, order, ordering, nulls=nulls, cursor=inside, backwards=backwards)[:wanted]
    more = len(rows) > limit
    rows = rows[:limit]
    if backwards:
        rows.reverse()
    return Page(rows, *_neighbours(rows, order, ordering, cursor, more=more))


def _neighbours(
    rows: Sequence[Any], order: Order, ordering: str, cursor: Cursor | None, *, more: bool
) -> tuple[Cursor | None, Cursor | None]:
    def at(row: Any, backwards: bool) -> Cursor:
        return Cursor(ordering, backwards, attrgetter(order.column.replace("__", "."))(row), row.pk)

    if not rows:
        return None, None
    if cursor is not None and cursor.backwards:
        return at(rows[-1], False), at(rows[0], True) if more else None
    return at(rows[-1], False) if more else None, at(rows[0], True) if cursor is not None else None


def _stretch(
    queryset: QuerySet[Any], order: Order, ordering: str, *, nulls: bool, cursor: Cursor | None, backwards: bool
) -> QuerySet[Any]:
    descending = ordering.startswith("-")
    key_descends = descending != backwards
    id_descends = (descending != order.index_descends) != backwards
    beyond_id = Q(**{f"{order.identity}__{'lt' if id_descends else 'gt'}": cursor.row_id}) if cursor else Q()
    by_id = ("-" if id_descends else "") + order.identity
    if order.column == "id":
        return queryset.filter(beyond_id).order_by(by_id)
    if nulls:
        missing = {f"{order.identity}__isnull": False, f"{order.column}__isnull": True}
        return queryset.filter(beyond_id, **missing).order_by(by_id)
    if order.nullable:
        queryset = queryset.filter(**{f"{order.column}__isnull": False})
    if cursor is not None:
        side = "lt" if key_descends else "gt"
        # The first condition bounds the index range, the second drops the rows of a tie already seen.
        queryset = queryset.filter(
            Q(**{f"{order.column}__{side}e": cursor.value}),
            Q(**{f"{order.column}__{side}": cursor.value}) | beyond_id,
        )
    return queryset.order_by(("-" if key_descends else "") + order.column, by_id)


class KeysetPagination(BasePagination):
    """``{"next", "previous", "results"}``; the view names its ``orders`` and its ``default_ordering``."""

    page: Page

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        orders: Mapping[str, Order] = view.orders
        ordering = request.query_params.get("ordering", view.default_ordering)
        order = orders.get(ordering.removeprefix("-"))
        if order is None:
            known = ", ".join(sorted(orders))
            message = _("%(given)s is no ordering here. Known are %(known)s, each also with a minus before it.")
            raise invalid([("ordering", message % {"given": ordering[:60], "known": known})])
        given = request.query_params.get("cursor")
        cursor = decode(given, ordering) if given else None
        self.address = request.build_absolute_uri()
        try:
            self.page = read_page(
                queryset,
                order=order,
                ordering=ordering,
                limit=read_limit(request.query_params.get("limit")),
                cursor=cursor,
            )
        except (ValueError, ValidationError) as error:  # a cursor of ours from before the column changed its type
            raise invalid([("cursor", _("This cursor is out of date; start again without it."))]) from error
        return self.page.rows

    def get_paginated_response(self, data: Any) -> Response:
        return Response(
            {
                "next": page_link(self.address, self.page.next),
                "previous": page_link(self.address, self.page.previous),
                "results": data,
            }
        )

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        link = {"type": ["string", "null"], "format": "uri"}
        return {
            "type": "object",
            "required": ["next", "previous", "results"],
            "properties": {
                "next": {**link, "description": "Address of the next page; null on the last."},
                "previous": {**link, "description": "Address of the page before; null on the first."},
                "results": {"type": "array", "items": schema["items"] if schema.get("type") == "array" else schema},
            },
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        names = [sign + name for name in sorted(view.orders) for sign in ("", "-")]
        return [
            _parameter("limit", {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT},
                       "Rows on a page."),
            _parameter("cursor", {"type": "string"}, "A place in the list, as found in next and previous."),
            _parameter("ordering", {"type": "string", "enum": names, "default": view.default_ordering},
                       "What to sort by; a minus sorts downwards. Missing values come last both ways."),
        ]  # fmt: skip


def _parameter(name: str, schema: dict[str, Any], description: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "schema": schema, "description": description}


def page_link(address: str, cursor: Cursor | None) -> str | None:
    """``address`` at ``cursor``; None where there is no such page."""
    if cursor is None:
        return None
    return replace_query_param(remove_query_param(address, "cursor"), "cursor", cursor.encode())


def read_limit(text: str | None, *, default: int = DEFAULT_LIMIT) -> int:
    """The rows asked for on a page; raises a 400 problem beyond ``MAX_LIMIT``."""
    if text is None:
        return default
    if not text.isascii() or not text.isdigit() or len(text) > 9 or not 1 <= int(text) <= MAX_LIMIT:
        raise invalid([("limit", _("Expected a whole number from 1 to %(most)d.") % {"most": MAX_LIMIT})])
    return int(text)
