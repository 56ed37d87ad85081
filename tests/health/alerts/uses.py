"""Customers in use, for tests of alerts."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np

from accounts.models import AccountTeamMember, Customer, CustomerHealth, Membership, Workspace
from accounts.models.customers import TeamRole
from accounts.services import team
from csplatform.core import audit, outbox
from csplatform.core.models import OutboxEvent
from health.alerts import opening, routing, sending, wishes
from health.alerts.opening import Finding
from health.measures import STATE_DAYS
from health.models import (
    Alert,
    AlertChannel,
    AlertKind,
    AlertPace,
    HealthSnapshot,
    ScorecardVersion,
    UsageWindow,
)
from tests import factories

NOW = datetime(2026, 6, 16, 9, 0, tzinfo=UTC)
TODAY = NOW.date()
DAY, BY = timedelta(days=1), audit.SYSTEM


def customer(name: str = "Nottingham Freight", **health: Any) -> Customer:
    return factories.make_customer(
        name, contract_state="active", arr_minor=12_000_00, health={"band": "healthy", "points": 8_000, **health}
    )


def used_on(workspace: Workspace, of: Customer, days_ago: Iterable[int]) -> None:
    """``of`` sent events so many days before ``TODAY``, at noon."""
    ago = sorted(set(days_ago))
    anchor = TODAY - timedelta(days=ago[0])
    counts = np.zeros(STATE_DAYS, dtype="<i4")
    for each in ago:
        place = STATE_DAYS - 1 - (each - ago[0])
        if place >= 0:
            counts[place] = 5
    last = datetime(anchor.year, anchor.month, anchor.day, 12, tzinfo=UTC)
    UsageWindow.objects.update_or_create(
        workspace=workspace,
        customer=of,
        stream="*",
        defaults={
            "anchor": anchor,
            "counts": counts.tobytes(),
            "users": counts.tobytes(),
            "features": counts.tobytes(),
            "first_day": TODAY - timedelta(days=max(ago)),
            "last_event_at": last,
        },
    )
    CustomerHealth.objects.filter(customer=of).update(last_event_at=last)


def stands(of: Customer, **health: Any) -> None:
    CustomerHealth.objects.filter(customer=of).update(**health)


def news(name: str, of: Customer, payload: dict[str, Any], *, at: datetime = NOW) -> None:
    outbox.publish(workspace_id=of.workspace_id, name=name, payload={"customer_id": str(of.pk), **payload}, now=at)


def band_changes(of: Customer, before: str, after: str, *, at: datetime = NOW) -> None:
    """Scoring has moved ``of`` to ``after``, and the news of it was delivered."""
    stands(of, band=after)
    news("health.band_changed", of, {"from": before, "to": after}, at=at)
    deliver(at)


def deliver(at: datetime = NOW) -> None:
    while outbox.dispatch_waiting(now=at):
        pass


def deliver_again(workspace: Workspace, at: datetime) -> None:
    """Everything that was ever told comes once more, in whatever order the ids give."""
    OutboxEvent.objects.filter(workspace_id=workspace.pk).update(dispatched_at=None)
    deliver(at)


def told(workspace: Workspace, name: str) -> list[dict[str, Any]]:
    return list(
        OutboxEvent.objects.filter(workspace_id=workspace.pk, name=name)
        .order_by("pk")
        .values_list("payload", flat=True)
    )


def was(of: Customer, band: str, on: date) -> None:
    """``of`` stood in ``band`` at the end of day ``on``."""
    end = datetime(on.year, on.month, on.day, tzinfo=UTC) + timedelta(days=1)
    HealthSnapshot.objects.create(
        workspace_id=of.workspace_id,
        customer=of,
        as_of=on,
        scorecard_version=ScorecardVersion.objects.get(),
        computed_at=end,
        known_through=end,
        recorded_through=end,
        band=band,
        coverage=100,
        values=[],
        risk_inputs=[],
    )


def looked_after_by(member: Membership, of: Customer, role: TeamRole = TeamRole.CSM) -> None:
    AccountTeamMember.objects.create(
        workspace_id=of.workspace_id, customer=of, member=member, role=role, since=NOW.date() - DAY
    )
    team.refresh_csm([of.pk], day=NOW.date(), now=NOW)


def alerted(of: Customer, at: datetime = NOW, kind: AlertKind = AlertKind.BAND_FELL) -> Alert:
    stands(of, band="watch")
    told = {"from": "healthy", "to": "watch", "from_level": 0, "points": 6_000, "coverage": 40}
    opening.begin([Finding(of.pk, kind, 1, told)], now=at)
    alert: Alert = Alert.objects.get(customer=of, kind=kind)
    return alert


def route(**told: Any) -> None:
    usual: dict[str, Any] = {
        "name": "Route",
        "kinds": [],
        "bands": [],
        "definition": {},
        "least_arr_minor": None,
        "roles": [TeamRole.CSM],
        "channels": [AlertChannel.EMAIL],
        "pace": AlertPace.AT_ONCE,
        "slack": None,
    }
    wishes.add_route(**{**usual, **told}, actor=BY, now=NOW)


def pass_on(at: datetime = NOW) -> None:
    while routing.route_waiting(now=at):
        pass


def send(workspace: Workspace, at: datetime = NOW) -> int:
    return sending.send_due(workspace_id=workspace.pk, clock=lambda: at, until=at + DAY)
