"""Reading requests: what is asked for, by how many customers with how much ARR, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce

from accounts.models import Customer
from accounts.models.customers import ContractState
from accounts.services.search import fold
from csplatform.core.ids import parse_uuid
from journeys.models import Request, RequestAnswer, RequestCustomer, RequestStatus, Task, TaskState

SOURCE = "request"
"""Of the tasks to tell those who asked."""
PAGE = 50
MOST_SHOWN = 200
_DEPTH = 50


@dataclass(frozen=True, slots=True)
class Asker:
    """A customer behind a request: its links (several where merged requests both name it), and whether it was told."""

    customer: Customer
    links: Sequence[RequestCustomer]
    told: datetime | None

    @property
    def first(self) -> RequestCustomer:
        return self.links[0]


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of requests, sorted by ARR behind or by age, and where it stands."""

    rows: Sequence[Any]
    has_more: bool


def task_key(request_id: UUID, customer_id: UUID) -> str:
    """Under which the task to tell a customer is made, once."""
    return f"{request_id}:{customer_id}"


def roots(request_ids: Sequence[UUID]) -> dict[UUID, UUID]:
    """Each request that was merged → the one it counts for in the end; others are left out."""
    found: dict[UUID, UUID] = {}
    at = {each: each for each in request_ids}
    for _step in range(_DEPTH):
        if not at:
            break
        rows = Request.objects.filter(pk__in=set(at.values()), merged_into__isnull=False)
        above = dict(rows.values_list("pk", "merged_into_id"))
        at = {start: above[here] for start, here in at.items() if here in above}
        found |= at
    return found


def with_merged(request_id: UUID) -> list[UUID]:
    """The request and everything merged into it, step by step."""
    found, level = [request_id], [request_id]
    for _step in range(_DEPTH):
        level = list(Request.objects.filter(merged_into_id__in=level).values_list("pk", flat=True))
        if not level:
            break
        found += level
    return found


def weighed(rows: QuerySet[Request]) -> QuerySet[Request]:
    """With ``customers`` (how many are behind it), ``arr_minor`` of those under contract and ``expected_arr_minor`` of
    those before it; a customer that two merged requests name counts once."""
    unique = RequestCustomer.objects.filter(counts_for=OuterRef("pk")).values("counts_for").order_by()
    once = Customer.objects.filter(
        pk__in=RequestCustomer.objects.filter(counts_for=OuterRef(OuterRef("pk"))).values("customer")
    )
    total = once.order_by().annotate(one=Value(1)).values("one")
    before = Q(contract_state=ContractState.NONE)
    first = RequestCustomer.objects.filter(counts_for=OuterRef("pk")).order_by("raised_at", "id")
    return rows.annotate(
        customer_external_id=Subquery(first.values("customer__external_id")[:1]),
        customers=Coalesce(Subquery(unique.annotate(n=Count("customer", distinct=True)).values("n")), 0),
        arr_minor=Coalesce(Subquery(total.annotate(sum=Sum("arr_minor")).values("sum")), 0),
        expected_arr_minor=Coalesce(
            Subquery(total.filter(before).annotate(sum=Sum("expected_arr_minor")).values("sum")), 0
        ),
    )


def listed(*, status: str = "", kind: str = "", words: str = "", newest: bool = False, page: int = 1) -> Listed:
    """A page of the requests that stand on their own: the most ARR behind first, or the newest.

    Sums follow subscriptions and cannot be indexed; a workspace has thousands of requests, not millions, so pages are
    cut from the sorted whole.
    """
    rows = Request.objects.filter(merged_into__isnull=True)
    if status:
        rows = rows.filter(status=status)
    if kind:
        rows = rows.filter(kind=kind)
    for word in words.split()[:8]:
        rows = rows.filter(Q(title__icontains=word) | Q(words__icontains=word))
    order = ("-raised_at", "-id") if newest else ("-arr_minor", "-expected_arr_minor", "-customers", "-id")
    start = (page - 1) * PAGE
    found = list(weighed(rows).order_by(*order)[start : start + PAGE + 1])
    return Listed(found[:PAGE], len(found) > PAGE)


def counts() -> dict[str, int]:
    """How many requests stand on their own, by status."""
    rows = Request.objects.filter(merged_into__isnull=True).values("status").annotate(n=Count("pk")).order_by()
    found = {row["status"]: row["n"] for row in rows}
    return {status: found.get(status, 0) for status in RequestStatus.values}


def find(request_id: UUID) -> Any | None:
    """One request with what is behind it."""
    return weighed(Request.objects.filter(pk=request_id).select_related("merged_into")).first()


def by_reference(reference: str) -> UUID | None:
    """The request at ``reference``: its id, or ``ext:`` and its external id."""
    identity = parse_uuid(reference)
    if "\0" in reference or (identity is None and not reference.startswith("ext:")):
        return None
    wanted: dict[str, Any] = {"pk": identity} if identity else {"external_id": reference.removeprefix("ext:")}
    found: UUID | None = Request.objects.filter(**wanted).values_list("pk", flat=True).first()
    return found


def askers(request: Request) -> list[Asker]:
    """Who is behind a request, the most ARR first; at most ``MOST_SHOWN``."""
    links = RequestCustomer.objects.filter(counts_for=request)
    rows = links.select_related("customer__health", "contact", "request")
    found: dict[UUID, list[RequestCustomer]] = {}
    for link in rows.order_by("-customer__arr_minor", "customer_id", "raised_at", "id")[: 2 * MOST_SHOWN]:
        found.setdefault(link.customer_id, []).append(link)
    keys = {task_key(request.pk, customer_id): customer_id for customer_id in found}
    done = Task.objects.filter(source=SOURCE, source_key__in=keys, state=TaskState.DONE)
    told = {keys[task.source_key or ""]: task.finished_at for task in done}
    shown = list(found.items())[:MOST_SHOWN]
    return [Asker(group[0].customer, group, told.get(customer_id)) for customer_id, group in shown]


def answers(request: Request) -> list[RequestAnswer]:
    """What was said to it, the newest first."""
    return list(RequestAnswer.objects.filter(request=request).order_by("-known_at", "-id"))


def merged_into(request: Request) -> list[Request]:
    """What was merged into it directly."""
    return list(Request.objects.filter(merged_into=request).order_by("merged_at", "id"))


def candidates(request: Request, words: str, most: int = 8) -> list[Any]:
    """Requests it may be the same as: those that share words with it (or with what is searched for), the most first."""
    wanted = {word for word in fold(words or request.title).split() if len(word) > 3 or words}
    if not wanted:
        return []
    query = Q()
    for word in sorted(wanted)[:8]:
        query |= Q(title__icontains=word)
    rows = Request.objects.filter(query, merged_into__isnull=True).exclude(pk=request.pk)
    found: list[Any] = list(weighed(rows).order_by("-id")[:200])
    found.sort(key=lambda each: (-len(wanted & set(fold(each.title).split())), -each.arr_minor))
    return found[:most]


def same_title(title: str) -> Request | None:
    """A request that stands on its own and has this title."""
    rows = Request.objects.filter(title__iexact=title.strip(), merged_into__isnull=True)
    return rows.exclude(status=RequestStatus.DECLINED).order_by("id").first()


def of_customer(customer_id: UUID, most: int = 8) -> tuple[list[RequestCustomer], int]:
    """What a customer asked for, the newest first, and how much there is of it."""
    rows = RequestCustomer.objects.filter(customer_id=customer_id).select_related("counts_for", "contact")
    return list(rows.order_by("-raised_at", "-id")[:most]), rows.count()


def recorded_from(source_keys: Sequence[str]) -> dict[str, UUID]:
    """Source key → the request recorded from it."""
    rows = RequestCustomer.objects.filter(source_key__in=list(source_keys))
    return {row.source_key or "": row.counts_for_id for row in rows}
