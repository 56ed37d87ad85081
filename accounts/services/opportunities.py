"""Opportunities: what may be sold to customers, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any

from accounts import values
from accounts.models import Opportunity, OpportunityKind, OpportunityVersion
from accounts.services import dated
from accounts.services.writing import Cleaner, FieldError

_WORDS = {
    "new": "first_sale",
    "new_business": "first_sale",
    "first": "first_sale",
    "upsell": "expansion",
    "cross_sell": "expansion",
    "upgrade": "expansion",
}


def _kind(value: object) -> str:
    told = values.text(value, limit=60).lower().replace(" ", "_").replace("-", "_")
    kind = _WORDS.get(told, told)
    if kind not in OpportunityKind.values:
        said = f"“{told}” is" if told else "is empty;"
        raise ValueError(f"{said} not one of {', '.join(OpportunityKind.values)}" if told else f"{said} say which")
    return kind


def cleaners(currency: str) -> dict[str, Cleaner]:
    """How each settable field is read; the amount in major units of ``currency``."""
    return {
        **dated.cleaners_of_money(currency),
        "kind": _kind,
        "stage": partial(values.text, limit=120),
        "opened_on": values.day,
        "closed_on": values.day,
        "won": values.yes_or_no,
    }


def _check(columns: Mapping[str, Any], now: datetime) -> None:
    if not columns.get("kind"):
        raise FieldError("kind", f"is empty; say one of {', '.join(OpportunityKind.values)}")
    dated.not_before(columns, "closed_on", "opened_on")
    if columns.get("won") is not None:
        if columns.get("closed_on") is None:
            raise FieldError("closed_on", "is empty, and won says that it was closed: say when")
        dated.not_ahead(columns, "closed_on", now)


KIND = dated.Kind(
    subject="opportunity",
    model=Opportunity,
    versions=OpportunityVersion,
    record="opportunity_id",
    cleaners=cleaners,
    columns=("customer_id", "kind", "amount_minor", "stage", "opened_on", "closed_on", "won"),
    kept=("customer_id", "kind", "amount_minor", "currency", "stage", "opened_on", "closed_on", "won"),
    begins="opened_on",
    came={"won": "closed_on", "closed_on": "closed_on", "stage": "closed_on"},
    check=_check,
)
