"""The filter language once more, the slow and obvious way: Python over one customer's facts, no query."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from accounts.models import Customer

MINOR = 100

Facts = Mapping[str, Any]
"""Field → the value, None where unknown; a set where there may be several; a list of moments for relations."""


def facts_of(customer: Customer) -> dict[str, Any]:
    health = customer.health
    values = {row.definition.key: row.value for row in customer.attribute_values.all()}
    moments = [contact.created_at for contact in customer.contacts.all()]
    return {
        "name": customer.name.casefold(),
        "external_id": customer.external_id,
        "customer": str(customer.pk),
        "country": {customer.country} - {""},
        "industry": {customer.industry} - {""},
        "tag": set(customer.tags),
        "region": customer.region or None,
        "employees": customer.employees,
        "created_at": customer.created_at.date(),
        "contract_state": customer.contract_state,
        "arr": Decimal(customer.arr_minor) / MINOR,
        "expected_arr": None if customer.expected_arr_minor is None else Decimal(customer.expected_arr_minor) / MINOR,
        "renewal_on": customer.renewal_on,
        "notice_deadline": customer.notice_deadline,
        "band": health.band,
        "score": None if health.points is None else Decimal(health.points) / 100,
        "churn_risk": None if health.churn_risk is None else Decimal(health.churn_risk) / 100,
        "last_event": health.last_event_at and health.last_event_at.date(),
        "csm": customer.csm_id and str(customer.csm_id),
        "sponsor": any(contact.is_sponsor for contact in customer.contacts.all()),
        "contacts": moments,
        "met": moments,
        "attributes.trucks": values.get("trucks") and Decimal(str(values["trucks"])),
        "attributes.tier": values.get("tier"),
        "attributes.golive": values.get("golive"),
        "attributes.pilot": values.get("pilot"),
    }


def fulfils(facts: Facts, said: Mapping[str, Any], today: date) -> bool:
    """Whether the customer with these facts fulfils the filter document ``said``."""
    if "all" in said:
        return all(fulfils(facts, part, today) for part in said["all"])
    if "any" in said:
        return any(fulfils(facts, part, today) for part in said["any"])
    if "not" in said:
        return not fulfils(facts, said["not"], today)
    return holds(facts[said["field"]], said["op"], said.get("value"), today)


def holds(actual: Any, op: str, value: Any, today: date) -> bool:
    if op in ("not_in", "not_set"):
        return not holds(actual, op.removeprefix("not_"), value, today)
    if op in ("none", "at_least", "at_most"):
        value = value or {}
        since = today - timedelta(days=value["days"]) if "days" in value else date.min
        count = len([moment for moment in actual if moment.astimezone(UTC).date() >= since])
        least, most = {"none": (0, 0), "at_least": (value.get("count", 0), count)}.get(op, (0, value.get("count", 0)))
        return bool(least <= count <= most)
    several = actual if isinstance(actual, set) else {actual} - {None}
    return any(_one(each, op, value, today) for each in several)


def _one(actual: Any, op: str, value: Any, today: date) -> bool:
    if op == "set":
        return True
    if op == "in":
        return bool(actual in value)
    if op == "starts_with":
        return str(actual).startswith(value.casefold())
    if op in ("in_next", "in_last", "due_within", "older_than", "later_than"):
        away = (actual - today).days
        held: dict[str, bool] = {
            "in_next": 0 <= away <= value,
            "in_last": -value <= away <= 0,
            "due_within": away <= value,
            "older_than": away < -value,
            "later_than": away > value,
        }
        return held[op]
    low, high = value if isinstance(value, list) else (value, value)
    low, high = _like(actual, low), _like(actual, high)
    held = {
        "eq": actual == low,
        "lt": actual < low,
        "lte": actual <= low,
        "gt": actual > low,
        "gte": actual >= low,
        "between": low <= actual <= high,
    }
    return bool(held[op])


def _like(actual: Any, value: Any) -> Any:
    if isinstance(actual, bool):
        return value
    if isinstance(actual, date):
        return date.fromisoformat(value)
    return Decimal(str(value))


def now() -> datetime:
    return timezone.now()
