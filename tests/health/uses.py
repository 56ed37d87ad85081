"""Product events of people on days, stored the way arrivals are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from accounts.models import Contact
from csplatform.core.ids import uuid7
from health import arrivals, partitions
from health.ingest.moments import micros, month_of


def make_months(*, now: datetime, days: int = 240) -> None:
    """Have a place for the events of these days, before a transaction that uses others stands in the way."""
    at = [micros(now - timedelta(days=back)) for back in range(-1, days, 14)]
    partitions.ensure(sorted({month_of(moment) for moment in at}))


def store_uses(
    uses: Mapping[Contact, Iterable[int]],
    *,
    now: datetime,
    per_day: int = 1,
    name: str = "opened",
    known: datetime | None = None,
) -> None:
    """``per_day`` events of each contact on each of the days, counted back from ``now``; known at once unless told."""
    batch = arrivals.EventBatch()
    late = micros(known) if known else None
    for contact, days in uses.items():
        for back in days:
            for number in range(per_day):
                at = micros(now - timedelta(days=back, seconds=number))
                row = (
                    str(uuid7()),
                    str(contact.customer_id),
                    str(contact.pk),
                    None,
                    None,
                    name,
                    at,
                    late or at,
                    None,
                    None,
                )
                for column, value in zip(batch.columns(), row, strict=True):
                    column.append(value)
    batch.keys = [arrivals.key_of(key) for key in batch.keys]
    arrivals.store(batch, now=now)
