"""The only writer of the columns customer lists sort and filter by.

Each write is one statement, of the rows that differ only. Customers are locked in the order of their ids first
(every writer of customers does so, hence no deadlock).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection
from django.db.backends.utils import CursorWrapper

from accounts import extensions, terms
from accounts.models import Customer, Subscription, Workspace
from accounts.services import bulk
from csplatform.core.arrays import literal
from csplatform.core.tenancy import current_workspace_id

_BATCH = 5_000
TERMS = tuple(field.name for field in fields(terms.Terms))


class Health(NamedTuple):
    """Scores for the lists by column: points and change in hundredths, coverage in percent, risks in basis points.

    Ids may be texts as the database writes them; moments are microseconds since 1970.
    """

    customer_ids: Sequence[UUID | str]
    points: Sequence[int | None]
    band: Sequence[str]
    change: Sequence[int | None]
    coverage: Sequence[int | None]
    risk: Sequence[int | None]
    risk_low: Sequence[int | None]
    risk_high: Sequence[int | None]
    risk_is_rough: Sequence[bool]
    last_event_at: Sequence[int | None]


class StagePlace(NamedTuple):
    """Where a customer is on the journey; ``key`` and ``macro`` empty when it left it."""

    customer_id: UUID
    key: str
    macro: str
    since: date


class _ContractRow(NamedTuple):
    customer_id: UUID
    state: str
    churned_on: date | None
    customer_since: date | None
    arr_minor: int
    seats: int | None
    renewal_on: date | None
    notice_deadline: date | None


_HEALTH_COLUMNS = {
    "points": "integer",
    "band": "text",
    "change": "integer",
    "coverage": "smallint",
    "churn_risk": "integer",
    "churn_risk_low": "integer",
    "churn_risk_high": "integer",
    "churn_is_rough": "boolean",
    "last_event_at": "bigint",
}
_STAGE_COLUMNS = {"stage_key": "text", "stage_macro": "text", "stage_since": "date"}
_CONTRACT_COLUMNS = {
    "contract_state": "text",
    "churned_on": "date",
    "customer_since": "date",
    "arr_minor": "bigint",
    "seats": "integer",
    "renewal_on": "date",
    "notice_deadline": "date",
}


def write_health(health: Health) -> None:
    """Write scores to the lists' columns. The caller holds the customers."""
    if not health.customer_ids:
        return
    told, kept, new = (_named(table, _HEALTH_COLUMNS) for table in ("", "h.", "told."))
    new = new.replace("told.last_event_at", "'epoch'::timestamptz + told.last_event_at * interval '1 microsecond'")
    arrays = [literal(column) for column in health]
    with bulk.joined_by_hash(len(health.customer_ids)), connection.cursor() as cursor:
        cursor.execute(
            f"""
            UPDATE accounts_customerhealth h SET ({told}) = ROW({new})
            FROM unnest({_arrays(_HEALTH_COLUMNS)}) AS told(customer_id, {told})
            WHERE h.customer_id = told.customer_id AND h.customer_id = ANY(%s::uuid[])
              AND ({kept}) IS DISTINCT FROM ({new})
            """,
            [*arrays, arrays[0]],
        )


def write_stages(rows: Sequence[StagePlace]) -> list[UUID]:
    """Write places on the journey; returns the customers whose row changed."""
    return _write(_STAGE_COLUMNS, rows)


def refresh_contracts(customer_ids: Iterable[UUID] | None, *, day: date, now: datetime) -> list[UUID]:
    """Bring contract state, start, churn, ARR, seats, renewal and notice deadline up to the end of ``day`` (UTC).

    ``customer_ids`` None: every customer of the active workspace. Customers whose row changed are announced, and
    those whose state changed are placed anew where their stage follows the contract. Returns the changed ids.
    """
    workspace = Workspace.objects.get(pk=current_workspace_id())
    return _refresh(_batches(customer_ids), day, workspace, now)


def refresh_due_contracts(*, since: date, day: date, now: datetime) -> list[UUID]:
    """As ``refresh_contracts`` for everybody, when everybody's row was right as of ``since`` at the earliest.

    Rows are kept right when facts change; what time alone can change shows in a date that has come: a renewal or a
    notice deadline passed, a subscription's start, end or cancellation reached, or a grace period running out.
    """
    workspace = Workspace.objects.get(pk=current_workspace_id())
    with connection.cursor() as cursor:
        # In grace the renewal column holds the day on which the contract ended.
        cursor.execute(
            """
            SELECT id FROM accounts_customer WHERE workspace_id = %(workspace)s AND (
              renewal_on <= CASE contract_state WHEN 'in_grace' THEN %(ended)s::date ELSE %(day)s END
              OR notice_deadline < %(day)s
              OR id IN (SELECT customer_id FROM accounts_subscription
                        WHERE workspace_id = %(workspace)s AND (
                          starts_on > %(since)s AND starts_on <= %(day)s OR ends_on > %(since)s AND ends_on <= %(day)s
                          OR cancelled_on > %(since)s AND cancelled_on <= %(day)s)))
            """,
            {
                "workspace": str(workspace.pk),
                "since": since,
                "day": day,
                "ended": day - timedelta(days=workspace.grace_days + 1),
            },
        )
        due = [row[0] for row in cursor.fetchall()]
    return _refresh(_batches(due), day, workspace, now, by_time=True)


def _refresh(
    batches: Iterable[list[UUID]], day: date, workspace: Workspace, now: datetime, *, by_time: bool = False
) -> list[UUID]:
    """``by_time``: no fact has changed, so that a notice deadline alone that has passed says nothing of contracts."""
    changed: list[UUID] = []
    for batch in batches:
        stored = Customer.objects.filter(pk__in=batch).values_list("id", *_CONTRACT_COLUMNS)
        before = {row[0]: _ContractRow(*row) for row in stored}
        rows = _contracts(batch, day, workspace)
        written = set(_write(_CONTRACT_COLUMNS, [row for row in rows if row.customer_id in before]))
        changed += sorted(written)
        after = [row for row in rows if row.customer_id in written]
        told = sorted(row.customer_id for row in after if not (by_time and _agree(row, before[row.customer_id])))
        if told:
            extensions.notify_contracts(told, now)
        moved = [
            extensions.Placement(row.customer_id, None, day, now)
            for row in after
            if row.state != before[row.customer_id].state
        ]
        if moved:
            extensions.place_customers(moved, actor_label="contract", now=now)
    if changed:
        extensions.notify_changed(changed, now)
    return changed


def _agree(row: _ContractRow, other: _ContractRow) -> bool:
    """Whether both tell the same contract, whatever the day by which to give notice."""
    return row._replace(notice_deadline=None) == other._replace(notice_deadline=None)


def _batches(customer_ids: Iterable[UUID] | None) -> Iterator[list[UUID]]:
    if customer_ids is None:
        last: UUID | None = None
        while True:
            rest = Customer.objects.order_by("id")
            batch = list((rest.filter(pk__gt=last) if last else rest).values_list("id", flat=True)[:_BATCH])
            if not batch:
                return
            yield batch
            last = batch[-1]
    ids = iter(sorted(set(customer_ids)))
    while batch := list(islice(ids, _BATCH)):
        yield batch


def _contracts(customer_ids: Sequence[UUID], day: date, workspace: Workspace) -> list[_ContractRow]:
    by_customer: dict[UUID, list[terms.Terms]] = {customer_id: [] for customer_id in customer_ids}
    rows = Subscription.objects.filter(customer_id__in=customer_ids).values_list("customer_id", *TERMS)
    for customer_id, *columns in rows.iterator():
        by_customer[customer_id].append(terms.Terms(*columns))
    found = []
    for customer_id, mine in by_customer.items():
        contract = terms.contract_on(mine, day, grace_days=workspace.grace_days, through=workspace.data_through)
        found.append(
            _ContractRow(
                customer_id,
                contract.state,
                contract.churned_on,
                contract.customer_since,
                contract.arr_minor,
                contract.seats,
                contract.renewal_on,
                contract.notice_deadline,
            )
        )
    return found


def _write(columns: dict[str, str], rows: Sequence[tuple[Any, ...]]) -> list[UUID]:
    """Write ``rows`` (customer id, then the columns' values in order); returns the customers whose row changed."""
    if not rows:
        return []
    with connection.cursor() as cursor:
        _update(cursor, columns, list(zip(*rows, strict=True)), returning="RETURNING c.id")
        return [row[0] for row in cursor.fetchall()]


def _update(
    cursor: CursorWrapper, columns: dict[str, str], told: Sequence[Sequence[Any]], *, returning: str = ""
) -> None:
    """Write arrays (customer ids, then the columns' values) where they differ from what is stored."""
    names, kept, new, due = (_named(table, columns) for table in ("", "c.", "told.", "due."))
    ids, *values = map(literal, told)
    with bulk.joined_by_hash(len(told[0])):
        cursor.execute(
            f"""
            WITH due AS MATERIALIZED (
              SELECT told.* FROM accounts_customer c
              JOIN unnest({_arrays(columns)}) AS told(customer_id, {names}) ON told.customer_id = c.id
              WHERE c.id = ANY(%s::uuid[]) AND ({kept}) IS DISTINCT FROM ({new})
              ORDER BY c.id FOR NO KEY UPDATE OF c
            )
            UPDATE accounts_customer c SET ({names}) = ROW({due})
            FROM due WHERE c.id = due.customer_id AND c.id = ANY(%s::uuid[]) {returning}
            """,
            [ids, *values, ids, ids],
        )


def _named(table: str, columns: Iterable[str]) -> str:
    return ", ".join(f"{table}{name}" for name in columns)


def _arrays(columns: dict[str, str]) -> str:
    return ", ".join(["%s::uuid[]", *(f"%s::{kind}[]" for kind in columns.values())])
