"""Alerts for the week before anybody listened: a workspace that has just been filled begins with what is on."""

from __future__ import annotations

from datetime import datetime, timedelta

from accounts.models import CustomerHealth
from health import risk
from health.alerts import opening, rules, silences
from health.alerts.opening import Finding
from health.models import HealthSnapshot
from health.services import champion

WEEK = timedelta(days=7)


def catch_up(*, now: datetime) -> int:
    """Begin alerts for bands, risks and coverage that got worse within a week, and for silences; returns how many.

    Compared with the snapshots of the last closed day a week ago or before. Running it again adds nothing.
    """
    day = now.date() - WEEK
    last = HealthSnapshot.objects.filter(as_of__lte=day).order_by("-as_of").values_list("as_of", flat=True).first()
    if last is None or last < day - WEEK:
        return silences.look(now=now)
    before = {
        row.customer_id: row
        for row in HealthSnapshot.objects.filter(as_of=last)
        .order_by("customer_id", "-revision")
        .distinct("customer_id")
        .only("customer_id", "band", "churn_risk", "churn_horizon")
    }
    present = CustomerHealth.objects.filter(customer__contract_state__in=opening.UNDER_CONTRACT)
    horizon = champion.horizon_on(now.date())
    found = [
        finding
        for health in present.iterator(chunk_size=2_000)
        if health.customer_id in before
        for finding in _worse(before[health.customer_id], health, horizon)
    ]
    return opening.begin(found, now=now) + silences.look(now=now)


def _worse(before: HealthSnapshot, health: CustomerHealth, horizon: int) -> list[Finding]:
    """A risk over other days ahead than the present one is not compared."""
    told = [opening.band_finding(before.band, health)]
    if before.churn_horizon == horizon and risk.rose(before.churn_risk, health.churn_risk):
        told.append(opening.risk_finding(risk.level(before.churn_risk or 0), health, horizon))
    return [each for each in told if each is not None and rules.is_known(before.band)]
