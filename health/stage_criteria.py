"""What stages may ask of usage: the present value of each measure, and how many people use the product."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db.models import Count

from accounts.models import Contact
from health import segments
from health.models import ContactSeen, HealthScore, ScorecardVersion

ACTIVE_DAYS = 28
"""Who used the product within so many days, today included, counts as active."""


def names() -> dict[str, str]:
    """Key → name of the measures of the present scorecard, for the reader."""
    prefix = f"{segments.MEASURES}."
    return {field.key.removeprefix(prefix): str(field.label) for field in segments.measures()}


def values(customer_ids: Sequence[UUID], keys: Sequence[str]) -> Mapping[UUID, Mapping[str, float]]:
    """The present value of each of these measures by customer; one that is missing is left out."""
    found: dict[UUID, dict[str, float]] = {}
    places: dict[UUID, dict[str, int]] = {}
    scores = HealthScore.objects.filter(customer_id__in=customer_ids)
    for customer_id, version_id, stored in scores.values_list("customer_id", "scorecard_version_id", "values"):
        if version_id not in places:
            content = ScorecardVersion.objects.values_list("content", flat=True).get(pk=version_id)
            places[version_id] = {item["measure"]: place for place, item in enumerate(content["items"])}
        at = {key: places[version_id][key] for key in keys if key in places[version_id]}
        found[customer_id] = {key: stored[place] for key, place in at.items() if not math.isnan(stored[place])}
    return found


def adoption(customer_ids: Sequence[UUID]) -> dict[UUID, float | None]:
    """The share of a customer's contacts who used the product within ``ACTIVE_DAYS``, 0 to 1; None without contacts.

    Contacts that no event named are counted among the many, not among the active.
    """
    since = datetime.now(UTC).date() - timedelta(days=ACTIVE_DAYS - 1)
    people = dict(
        Contact.objects.filter(customer_id__in=customer_ids)
        .values_list("customer_id")
        .annotate(n=Count("pk"))
        .order_by()
    )
    known = Contact.objects.filter(customer_id__in=customer_ids).values("pk")
    seen = ContactSeen.objects.filter(customer_id__in=customer_ids, contact_id__in=known, last_day__gte=since)
    active = dict(seen.values_list("customer_id").annotate(n=Count("contact_id", distinct=True)).order_by())
    return {
        customer_id: active.get(customer_id, 0) / people[customer_id] if people.get(customer_id) else None
        for customer_id in customer_ids
    }
