"""The filtered list as CSV, however long: streamed in pieces, each read in a transaction of its own."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.http import StreamingHttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts import extensions
from accounts.access import actor_of, requires
from accounts.middleware import WorkspaceRequest
from accounts.models import Customer
from accounts.paging import Cursor, Ordering
from accounts.roles import Permission
from accounts.selectors import customers as selectors
from accounts.views.customers import asked
from csplatform.core import audit, formats
from csplatform.core.tenancy import workspace_scope

PIECE = 1_000
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
# Names that the import of customers reads back come first.
HEADINGS = (
    "external_id", "name", "domain", "industry", "country", "region", "employees", "lifecycle_stage", "source",
    "tags", "created_at", "stage", "owner_email", "expected_arr", "contract", "arr", "currency", "seats",
    "renewal_on", "notice_deadline", "churned_on", "health", "health_band", "health_change_28d", "coverage",
    "churn_risk", "last_event_at",
)  # fmt: skip


def neutral(value: Any) -> Any:
    """A text cell that no spreadsheet takes for a formula; numbers and dates stay what they are."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA_STARTS) else value


@require_safe
@requires(Permission.EXPORT_DATA)
def customer_export(request: WorkspaceRequest) -> StreamingHttpResponse:
    """The customers the address describes, in its order, one row each."""
    now = timezone.now()
    told = asked.read(request.GET, membership=request.membership, now=now)
    ordering = selectors.ordering_of(told.sort(request.GET))[1]
    audit.record(
        actor=actor_of(request), action="customers.exported", data={"query": request.GET.urlencode()[:2_000]}, now=now
    )
    rows = csv_rows(request.workspace.pk, request.workspace.currency, told.wanted(), ordering)
    response = StreamingHttpResponse(rows, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="customers-{now.date().isoformat()}.csv"'
    return response


def csv_rows(workspace_id: UUID, currency: str, wanted: Q, ordering: Ordering) -> Iterator[bytes]:
    """The file in pieces. The request's transaction is over when they are read, so each opens its own."""
    yield _written([HEADINGS], bom=True)
    after: Cursor | None = None
    stages: dict[str, str] | None = None
    while True:
        with workspace_scope(workspace_id):
            if stages is None:
                stages = extensions.named_stages()
            page = selectors.customer_page(wanted, ordering, size=PIECE, after=after)
            piece = _written([_cells(customer, stages, currency) for customer in page.rows])
        if piece:
            yield piece
        after = page.next
        if after is None:
            return


def _cells(customer: Customer, stages: dict[str, str], currency: str) -> list[Any]:
    return [
        customer.external_id,
        customer.name,
        customer.domain,
        customer.industry,
        customer.country,
        customer.region,
        customer.employees,
        customer.lifecycle_stage,
        customer.source,
        "|".join(customer.tags),
        _iso(customer.created_at),
        customer.stage_key if customer.stage_key in stages else "",
        customer.csm.user.email if customer.csm else "",
        _amount(customer.expected_arr_minor, currency),
        customer.contract_state,
        _amount(customer.arr_minor, currency),
        currency,
        customer.seats,
        _iso(customer.renewal_on),
        _iso(customer.notice_deadline),
        _iso(customer.churned_on),
        _hundredths(customer.health.points),
        customer.health.band,
        _hundredths(customer.health.change),
        _hundredths(customer.health.coverage),
        None if customer.health.churn_risk is None else customer.health.churn_risk / 10_000,
        _iso(customer.health.last_event_at),
    ]


def _written(rows: list[Any], *, bom: bool = False) -> bytes:
    """Rows as UTF-8 CSV; the mark in front of the first makes spreadsheets read accents right."""
    text = io.StringIO()
    csv.writer(text).writerows([neutral(cell) for cell in row] for row in rows)
    return (("\ufeff" if bom else "") + text.getvalue()).encode()


def _iso(value: date | datetime | None) -> str:
    return value.isoformat() if value else ""


def _hundredths(value: int | None) -> float | None:
    return None if value is None else value / 100


def _amount(minor: int | None, currency: str) -> Any:
    return None if minor is None else formats.minor_to_decimal(minor, currency)
