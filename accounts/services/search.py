"""Finding customers by pieces of their name, id or domain, through an index that row policies leave usable."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Count, F, OuterRef, QuerySet, Subquery

from accounts.models import Customer, CustomerTrigram
from csplatform.core.tenancy import current_workspace_id

_WORD = re.compile(r"[^\W_]+")
MAX_QUERY_WORDS = 8
# Share of a query's trigrams a customer must have: one wrong letter in a word of five still finds it.
THRESHOLD = 0.5


def fold(text: str) -> str:
    """Lower case without accents, so that ``Café`` and ``cafe`` are one word."""
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(c for c in decomposed if not unicodedata.combining(c)).casefold()


def trigrams(text: str, *, is_query: bool = False) -> set[str]:
    """Three-letter pieces of every word, padded in front, and behind unless ``is_query``.

    A query is often a word being typed: without the padding behind, ``nott`` finds ``Nottingham``.
    """
    pieces: set[str] = set()
    words = _WORD.findall(fold(text))
    for word in words[:MAX_QUERY_WORDS] if is_query else words:
        padded = f"  {word}" if is_query else f"  {word} "
        pieces.update(padded[start : start + 3] for start in range(len(padded) - 2))
    return pieces


def index(customers: Iterable[Customer], *, are_new: bool = False) -> None:
    """Keep the trigrams of ``customers`` right. ``are_new`` spares the look for old ones."""
    by_id = {str(c.pk): trigrams(f"{c.name} {c.external_id} {c.domain}") for c in customers}
    if not by_id:
        return
    pairs = sorted((piece, customer_id) for customer_id, pieces in by_id.items() for piece in pieces)
    with connection.cursor() as cursor:
        if not are_new:
            cursor.execute("DELETE FROM accounts_customertrigram WHERE customer_id = ANY(%s::uuid[])", [sorted(by_id)])
        cursor.execute(
            "INSERT INTO accounts_customertrigram (workspace_id, trigram, customer_id) "
            "SELECT %s::uuid, * FROM unnest(%s::text[], %s::uuid[])" + ("" if are_new else " ON CONFLICT DO NOTHING"),
            [str(current_workspace_id()), [piece for piece, _ in pairs], [customer_id for _, customer_id in pairs]],
        )


def find(text: str) -> QuerySet[Customer]:
    """Customers like ``text``, the best match first; none when ``text`` holds no letter or digit."""
    wanted = sorted(trigrams(text, is_query=True))
    if not wanted:
        nobody: QuerySet[Customer] = Customer.objects.none()
        return nobody
    needed = _needed(wanted)
    hits = CustomerTrigram.objects.filter(trigram__in=wanted).values("customer_id").annotate(hits=Count("trigram"))
    found: QuerySet[Customer] = (
        Customer.objects.filter(pk__in=hits.filter(hits__gte=needed).values("customer_id"))
        .annotate(matches=Subquery(hits.filter(customer_id=OuterRef("pk")).values("hits")))
        .order_by(F("matches").desc(), "name_sort", "id")
    )
    return found


def most_like(text: str, *, most: int) -> QuerySet[Any]:
    """The ids of the ``most`` customers most like ``text``, as a part of another query."""
    wanted = sorted(trigrams(text, is_query=True))
    hits = CustomerTrigram.objects.filter(trigram__in=wanted).values("customer_id").annotate(hits=Count("trigram"))
    found: QuerySet[Any] = hits.filter(hits__gte=_needed(wanted)).order_by("-hits", "customer_id")
    return found.values("customer_id")[:most]


# Counted once and joined, where ``find`` counts again for every customer it orders: for lists, however common the word.
_BEST = """
SELECT hits.customer_id
FROM (SELECT customer_id, count(*) AS matches FROM accounts_customertrigram
      WHERE workspace_id = %(workspace)s AND trigram = ANY(%(pieces)s)
      GROUP BY customer_id HAVING count(*) >= %(needed)s) AS hits
JOIN accounts_customer AS customer ON customer.workspace_id = %(workspace)s AND customer.id = hits.customer_id
ORDER BY hits.matches DESC, customer.name_sort, customer.id
LIMIT %(most)s
"""


def best_ids(text: str, *, most: int) -> list[UUID]:
    """The ids of the ``most`` customers most like ``text``, the best first, in one query."""
    wanted = sorted(trigrams(text, is_query=True))
    if not wanted:
        return []
    values: dict[str, Any] = {
        "workspace": str(current_workspace_id()),
        "pieces": wanted,
        "needed": _needed(wanted),
        "most": most,
    }
    with connection.cursor() as cursor:
        cursor.execute(_BEST, values)
        return [row[0] for row in cursor.fetchall()]


def _needed(wanted: list[str]) -> int:
    """How many of a query's trigrams a customer must have."""
    return max(1, round(len(wanted) * THRESHOLD)) if len(wanted) > 2 else len(wanted)
