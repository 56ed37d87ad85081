"""What a measure of any source says: by both executors, which must agree on the present day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np

from accounts.models import Customer
from csplatform.core import audit
from health.facts import live
from health.facts.asof import AsOf
from health.measures import Spec, evaluate
from health.parsing import parse
from tests import factories

NOW = datetime.now(UTC)
TODAY = NOW.date()
ACTOR = audit.Actor(label="Test")


def ago(days: float) -> datetime:
    return datetime.combine(TODAY, datetime.min.time(), UTC) - timedelta(days=days)


def spec(source: str, aggregation: str, **more: Any) -> Spec:
    return parse({"source": source, "aggregation": aggregation, **more})


def told_by(specs: Sequence[Spec], customers: Sequence[Customer], day: date, **more: Any) -> list[list[float]]:
    """Per measure the values of the as-of executor; the live one must say the same of today."""
    ids = sorted(customer.pk for customer in customers)
    facts = AsOf(ids, [day], list(specs), grace_days=30, data_through=None).at(day, **more)
    values = [evaluate(each, facts).tolist() for each in specs]
    if day == TODAY:
        present = live.load(ids, day, list(specs)).facts
        for each, said in zip(specs, values, strict=True):
            np.testing.assert_array_equal(evaluate(each, present), said, err_msg=str(each))
            np.testing.assert_array_equal(present.told[each].last_day, facts.told[each].last_day, err_msg=str(each))
    return values


def same(found: Sequence[float], expected: Sequence[float]) -> None:
    np.testing.assert_allclose(found, expected, rtol=1e-12, equal_nan=True)


def make_customers(count: int = 2) -> list[Customer]:
    made = [factories.make_customer(f"Customer {number}") for number in range(count)]
    return sorted(made, key=lambda customer: customer.pk)
