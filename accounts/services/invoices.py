"""Invoices: what was billed to customers, when it was due and when it was paid."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from accounts import values
from accounts.models import Invoice, InvoiceVersion
from accounts.services import dated
from accounts.services.writing import Cleaner, FieldError


def cleaners(currency: str) -> dict[str, Cleaner]:
    """How each settable field is read; the amount in major units of ``currency``."""
    days = dict.fromkeys(("issued_on", "due_on", "paid_on"), values.day)
    return {**dated.cleaners_of_money(currency), **days}


def _check(columns: Mapping[str, Any], now: datetime) -> None:
    if columns.get("amount_minor") is None:
        raise FieldError("amount", "is empty")
    dated.not_before(columns, "due_on", "issued_on")
    dated.not_ahead(columns, "paid_on", now)


KIND = dated.Kind(
    subject="invoice",
    model=Invoice,
    versions=InvoiceVersion,
    record="invoice_id",
    cleaners=cleaners,
    columns=("customer_id", "issued_on", "due_on", "paid_on", "amount_minor"),
    kept=("customer_id", "issued_on", "due_on", "paid_on", "amount_minor", "currency"),
    begins="issued_on",
    came={"paid_on": "paid_on"},
    check=_check,
)
