"""The columns of the customer list: which there are, which are shown, and how their headings sort."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from accounts.selectors import customers as selectors
from accounts.views.customers.address import COLUMNS, SORT, Address

COOKIE = "customer_columns"
YEAR = 365 * 24 * 3600


@dataclass(frozen=True)
class Column:
    """A column. ``sort``: its key in ``selectors.SORTS``, empty when it has no index to sort by."""

    key: str
    label: Any
    num: bool = False
    sort: str = ""


COLUMN_LIST = (
    Column("stage", _("Stage")),
    Column("health", _("Health")),
    Column("points", _("Score"), num=True, sort="health"),
    Column("trend", _("12 weeks")),
    Column("change", _("4 weeks"), num=True, sort="change"),
    Column("arr", _("ARR"), num=True, sort="arr"),
    Column("notice", _("Notice deadline"), num=True, sort="notice"),
    Column("renewal", _("Renewal"), num=True, sort="renewal"),
    Column("risk", _("Churn risk, 90 days"), num=True, sort="risk"),
    Column("csm", _("CSM")),
    Column("contract", _("Contract")),
    Column("seats", _("Seats"), num=True),
    Column("last_event", _("Last use"), num=True),
    Column("country", _("Country")),
    Column("industry", _("Industry")),
    Column("tags", _("Tags")),
)
SHOWN_AT_FIRST = ("stage", "health", "points", "trend", "change", "arr", "notice", "risk", "csm")
NAME = Column("name", _("Customer"), sort="name")


def shown(request: HttpRequest) -> list[Column]:
    """The columns the address names, else those chosen last, else the usual ones."""
    told = request.GET.getlist(COLUMNS) or request.COOKIES.get(COOKIE, "").split(",")
    found = [column for column in COLUMN_LIST if column.key in told]
    return found or [column for column in COLUMN_LIST if column.key in SHOWN_AT_FIRST]


def remember(request: HttpRequest, response: HttpResponse) -> None:
    """Keep a choice made in the address for the next visit."""
    if request.GET.getlist(COLUMNS):
        chosen = ",".join(column.key for column in shown(request))
        response.set_cookie(COOKIE, chosen, max_age=YEAR, samesite="Lax", httponly=True, secure=request.is_secure())


def headings(columns: list[Column], address: Address, sort: str) -> list[dict[str, Any]]:
    """The columns as headings: the link sorts, and turns the direction when sorted by this column already."""
    return [_heading(column, address, sort) for column in columns]


def _heading(column: Column, address: Address, sort: str) -> dict[str, Any]:
    key, ordering = selectors.ordering_of(sort)
    active = bool(column.sort) and column.sort == key
    turned = f"-{column.sort}" if active and not sort.startswith("-") else column.sort
    return {
        "key": column.key,
        "label": column.label,
        "num": column.num,
        "sort_url": address.with_(**{SORT: turned}) if column.sort else None,
        "sort": ("descending" if ordering.descending else "ascending") if active else None,
    }
