"""What the customer pages read. Every function runs inside the workspace's scope."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Count, IntegerField, Q, QuerySet, Sum, Value

from accounts.models import AttributeDefinition, Customer, Membership, SavedSegment
from accounts.models.facets import Facet
from accounts.paging import Cursor, Ordering, Page, page
from csplatform.core.tenancy import current_workspace_id

PAGE_SIZE = 50

SORTS: Mapping[str, Ordering] = {
    "name": Ordering("name_sort"),
    "arr": Ordering("arr_minor", descending=True),
    "health": Ordering("health__points", nullable=True),
    "change": Ordering("health__change", nullable=True),
    "risk": Ordering("health__churn_risk", descending=True, nullable=True),
    "notice": Ordering("notice_deadline", nullable=True),
    "renewal": Ordering("renewal_on", nullable=True),
}
"""What a list can be sorted by, each in the direction one wants first."""

DEFAULT_SORT = "arr"


def ordering_of(sort: str) -> tuple[str, Ordering]:
    """The ordering named in an address: a key of ``SORTS``, with ``-`` for the other direction."""
    key = sort.removeprefix("-")
    if key not in SORTS:
        return DEFAULT_SORT, SORTS[DEFAULT_SORT]
    chosen = SORTS[key]
    if sort.startswith("-"):
        chosen = Ordering(chosen.field, not chosen.descending, chosen.nullable)
    return key, chosen


def customers(wanted: Q) -> QuerySet[Customer]:
    """The customers of the active workspace that fulfil ``wanted``, as ``accounts.segments.condition`` gives it."""
    found: QuerySet[Customer] = Customer.objects.filter(wanted)
    return found


def customer_page(
    wanted: Q,
    ordering: Ordering,
    *,
    size: int = PAGE_SIZE,
    after: Cursor | None = None,
    before: Cursor | None = None,
) -> Page[Customer]:
    """One page of the list, each customer with its health and its CSM's name."""
    rows = customers(wanted).select_related("health", "csm__user").defer("traits")
    return page(rows, ordering, size=size, after=after, before=before)


@dataclass(frozen=True, slots=True)
class Summary:
    """How many customers there are, and their ARR in minor units of the workspace's currency."""

    customers: int
    arr_minor: int


def summary(wanted: Q) -> Summary:
    """Exact count and ARR of the filtered list."""
    found = customers(wanted).aggregate(customers=Count("pk"), arr=Sum("arr_minor"))
    return Summary(found["customers"], int(found["arr"] or 0))


def summaries(*wanted: Q) -> list[Summary]:
    """The summary of each of these lists, in one query; of those that ask for everybody once."""
    everybody = Customer.objects.order_by()
    asked = {part if each else -1: each for part, each in enumerate(wanted)}
    counted = [
        everybody.filter(each)
        .annotate(part=Value(part, IntegerField()))
        .values("part")
        .annotate(customers=Count("pk"), arr=Sum("arr_minor"))
        for part, each in asked.items()
    ]
    rows = counted[0].union(*counted[1:], all=True) if counted else []
    found = {row["part"]: Summary(row["customers"], int(row["arr"] or 0)) for row in rows}
    return [found.get(part if each else -1, Summary(0, 0)) for part, each in enumerate(wanted)]


# Jumps from one distinct value to the next in the index instead of reading every row.
_DISTINCT = """
SELECT kinds.facet, found.value
FROM unnest(%(facets)s) AS kinds (facet)
CROSS JOIN LATERAL (
  WITH RECURSIVE step AS (
    (SELECT f.value FROM accounts_customerfacet f
     WHERE f.workspace_id = %(workspace)s AND f.facet = kinds.facet ORDER BY f.value LIMIT 1)
    UNION ALL
    SELECT (SELECT f.value FROM accounts_customerfacet f
            WHERE f.workspace_id = %(workspace)s AND f.facet = kinds.facet AND f.value > step.value
            ORDER BY f.value LIMIT 1)
    FROM step WHERE step.value IS NOT NULL)
  SELECT step.value FROM step WHERE step.value IS NOT NULL LIMIT %(most)s) AS found
"""


def facet_values(*, most: int = 200) -> dict[str, list[str]]:
    """The first ``most`` values of each facet in alphabetical order, in one query."""
    found: dict[str, list[str]] = {facet.value: [] for facet in Facet}
    values: dict[str, Any] = {"workspace": str(current_workspace_id()), "facets": list(found), "most": most}
    with connection.cursor() as cursor:
        cursor.execute(_DISTINCT, values)
        for facet, value in cursor.fetchall():
            found[facet].append(value)
    return {facet: sorted(words, key=str.casefold) for facet, words in found.items()}


def attribute_definitions() -> list[AttributeDefinition]:
    return list(AttributeDefinition.objects.order_by("label", "id"))


def visible_segments(member: Membership | None) -> QuerySet[SavedSegment]:
    """The member's own segments and those shared by others, by name; for a key (None) the shared ones."""
    mine = Q(is_shared=True) if member is None else Q(owner=member) | Q(is_shared=True)
    found: QuerySet[SavedSegment] = SavedSegment.objects.filter(mine).order_by("name", "id")
    return found
