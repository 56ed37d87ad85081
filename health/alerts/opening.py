"""Alerts begin, grow and end. The database holds one episode of a kind at a customer, whatever is delivered twice.

News says only where to look: whether there is anything to tell is read from how the customer stands now, so news
that comes late, twice or in another order leads to the same alerts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Max, Q

from accounts.models import Customer, CustomerHealth
from accounts.services import bulk
from csplatform.core import outbox
from csplatform.core.ids import parse_uuid, uuid7
from csplatform.core.models import OutboxEvent
from csplatform.core.tenancy import current_workspace_id, workspace_scope
from health import risk
from health.alerts import rules
from health.facts.outages import lasting
from health.models import Alert, AlertDelivery, AlertKind, AlertMute, AlertState

_HEARD = ("health.band_changed", "churn_risk.rose")
_FORGET_AT_ONCE = 1_000
UNDER_CONTRACT = ("active", "notice_given", "in_grace")
# Kinds that begin here and nowhere else, so their news is told from here.
_TOLD = {AlertKind.WENT_SILENT: "health.went_silent", AlertKind.COVERAGE_LOST: "health.coverage_lost"}


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to alert of. ``level``: its gravity; ``details``: its figures, as the alert keeps them.

    ``told_at``: when the news of it was written, where it is news: what ended after that is not begun again by it.
    ``begins``: False where it can only make graver what is alerted already, as a band that is known again does.
    """

    customer_id: UUID
    kind: AlertKind
    level: int
    details: Mapping[str, Any]
    told_at: datetime | None = None
    begins: bool = True


def hear(events: Sequence[OutboxEvent]) -> None:
    """Listener of the outbox: alerts for changed bands and risen risks, in the delivering transaction."""
    mine = sorted((each for each in events if each.name in _HEARD), key=lambda each: (each.workspace_id, each.pk))
    for workspace_id, theirs in groupby(mine, key=lambda each: each.workspace_id):
        told = list(theirs)
        with workspace_scope(workspace_id):
            begin(_findings(told), now=max(each.created_at for each in told))


def _findings(events: Sequence[OutboxEvent]) -> list[Finding]:
    named = [(each, parse_uuid(each.payload.get("customer_id"))) for each in events]
    ids = {customer_id for _event, customer_id in named if customer_id is not None}
    standing = {
        row.customer_id: row
        for row in CustomerHealth.objects.filter(customer__in=ids, customer__contract_state__in=UNDER_CONTRACT)
    }
    found = [
        finding
        for event, customer_id in named
        if customer_id in standing
        if (finding := _finding(event, standing[customer_id])) is not None
    ]
    if any(each.kind == AlertKind.COVERAGE_LOST for each in found) and lasting() is not None:
        # It is the sender that is silent, which is told once, on pages.
        found = [each for each in found if each.kind != AlertKind.COVERAGE_LOST]
    # Of several changes of one customer, the one that began highest tells the whole fall.
    return sorted(found, key=lambda each: (not each.begins, each.details.get("from_level", 0)), reverse=True)


def _finding(event: OutboxEvent, health: CustomerHealth) -> Finding | None:
    before = str(event.payload.get("from", ""))
    if event.name == "churn_risk.rose":
        found = risk_finding(before, health, event.payload.get("horizon_days"))
    else:
        found = band_finding(before, health) or _known_again(before, health)
        reached = str(event.payload.get("to", ""))
        # How it stands now may come from later news, which says so itself.
        if found is not None and rules.is_known(reached) != (found.kind == AlertKind.BAND_FELL):
            return None
    return None if found is None else replace(found, told_at=event.created_at)


def risk_finding(before: str, health: CustomerHealth, horizon_days: int | None) -> Finding | None:
    """That the risk has risen from the level ``before`` to the present one; None where it has not."""
    level = risk.level(health.churn_risk) if health.churn_risk is not None else "low"
    first, reached = rules.risk_gravity(before), rules.risk_gravity(level)
    if reached <= first:
        return None
    details = {
        "from": before,
        "to": level,
        "from_level": first,
        "risk": health.churn_risk,
        "horizon_days": horizon_days,
    }
    return Finding(health.customer_id, AlertKind.RISK_ROSE, reached, details)


def band_finding(before: str, health: CustomerHealth) -> Finding | None:
    """That the band has fallen from ``before`` to the present one, or is no longer known; None where neither is so."""
    if rules.fell(before, health.band):
        details = {
            "from": before,
            "to": health.band,
            "from_level": rules.band_gravity(before),
            "points": health.points,
        }
        return Finding(health.customer_id, AlertKind.BAND_FELL, rules.band_gravity(health.band) or 0, details)
    if rules.is_known(before) and health.band == "unknown":
        return Finding(health.customer_id, AlertKind.COVERAGE_LOST, 0, {"from": before, "coverage": health.coverage})
    return None


def _known_again(before: str, health: CustomerHealth) -> Finding | None:
    """Where the band stands after it was unknown: no fall by itself, but it may have fallen further meanwhile."""
    if rules.is_known(before) or not rules.is_known(health.band):
        return None
    details = {"to": health.band, "points": health.points}
    gravity = rules.band_gravity(health.band) or 0
    return Finding(health.customer_id, AlertKind.BAND_FELL, gravity, details, begins=False)


@transaction.atomic
def begin(findings: Iterable[Finding], *, now: datetime) -> int:
    """Begin an alert for each finding, once per customer and kind; returns how many began.

    A finding of what is alerted already adds nothing unless it is graver: then the alert is open again and told anew.
    One that comes within ``rules.REST`` of the last end takes that alert up again.
    """
    wanted = _news_of_now(findings)
    if not wanted:
        return 0
    for alert in _present(wanted, now):
        finding = wanted.pop((alert.customer_id, AlertKind(alert.kind)), None)
        if finding is not None:
            _go_on(alert, finding, now)
    mutes = _Mutes(now.date())
    worth = dict(Customer.objects.filter(pk__in=[pk for pk, _kind in wanted]).values_list("pk", "arr_minor"))
    rows = [
        Alert(
            id=uuid7(),
            workspace_id=current_workspace_id(),
            customer_id=each.customer_id,
            kind=each.kind,
            level=each.level,
            state=AlertState.MUTED if (mute := mutes.of(each.customer_id, each.kind)) else AlertState.OPEN,
            mute_id=mute,
            details=dict(each.details),
            arr_minor=worth[each.customer_id],
            began_at=now,
            changed_at=now,
        )
        for each in wanted.values()
        if each.begins and each.customer_id in worth
    ]
    stored = bulk.insert(rows)
    begun = [row for row in rows if row.pk in stored]
    _tell(begun, now)
    return len(begun)


def _news_of_now(findings: Iterable[Finding]) -> dict[tuple[UUID, AlertKind], Finding]:
    """The findings by customer and kind, without old news of what has ended since."""
    wanted = {(each.customer_id, each.kind): each for each in findings}
    ended = (
        Alert.objects.filter(customer__in=[pk for pk, _kind in wanted], over_at__isnull=False)
        .order_by()
        .values_list("customer_id", "kind")
        .annotate(last=Max("over_at"))
    )
    for customer_id, kind, last in ended if wanted else ():
        finding = wanted.get((customer_id, AlertKind(kind)))
        if finding is not None and finding.told_at is not None and finding.told_at <= last:
            del wanted[customer_id, AlertKind(kind)]
    return wanted


def _present(wanted: Mapping[tuple[UUID, AlertKind], Finding], now: datetime) -> list[Alert]:
    """The alerts that these findings belong to, locked: those that are not over, then the latest that just were."""
    rows = Alert.objects.select_for_update(of=("self",), no_key=True).filter(
        Q(over_at__isnull=True) | Q(over_at__gt=now - rules.REST),
        customer_id__in=[pk for pk, _kind in wanted],
        kind__in={kind for _pk, kind in wanted},
    )
    found = sorted(rows.order_by("pk"), key=lambda each: each.began_at, reverse=True)
    return sorted(found, key=lambda each: each.over_at is not None)


def _go_on(alert: Alert, finding: Finding, now: datetime) -> None:
    graver = finding.level > alert.level
    if not graver if alert.over_at is None else not finding.begins:
        return
    if alert.over_at is not None:
        mute = _Mutes(now.date()).of(alert.customer_id, finding.kind)
        alert.over_at, alert.mute_id = None, mute
        alert.state = AlertState.MUTED if mute else AlertState.OPEN
        if finding.kind == AlertKind.WENT_SILENT:
            alert.details = dict(finding.details)
    if graver:
        first: dict[str, Any] = {name: alert.details[name] for name in ("from", "from_level") if name in alert.details}
        alert.details = {**finding.details, **first}
        alert.level, alert.round = finding.level, alert.round + 1
        if alert.state == AlertState.ACKNOWLEDGED:
            alert.state = AlertState.OPEN
    alert.changed_at, alert.version = now, alert.version + 1
    alert.save()


class _Mutes:
    """The mutes in force on ``day``, read once."""

    def __init__(self, day: date) -> None:
        rows = AlertMute.objects.filter(undone_at=None, until__gt=day).order_by("until", "pk")
        self._live: dict[tuple[str, UUID | None], UUID] = {
            (kind, customer): pk for kind, customer, pk in rows.values_list("kind", "customer_id", "pk")
        }

    def of(self, customer_id: UUID, kind: AlertKind) -> UUID | None:
        """The mute of the customer's own, else of everybody's alerts of ``kind``."""
        return self._live.get((kind, customer_id)) or self._live.get((kind, None))


def _tell(begun: Iterable[Alert], now: datetime) -> None:
    outbox.publish_many(
        workspace_id=current_workspace_id(),
        events=[
            (_TOLD[AlertKind(row.kind)], {"customer_id": str(row.customer_id), "alert_id": str(row.pk), **_news(row)})
            for row in begun
            if row.kind in _TOLD
        ],
        now=now,
    )


def _news(row: Alert) -> dict[str, Any]:
    if row.kind == AlertKind.WENT_SILENT:
        return {name: row.details[name] for name in ("quiet_days", "usual_days", "last_event_at")}
    return {"from": row.details["from"], "coverage": row.details["coverage"]}


# What ends an episode: the way back to where it began, or the end of the contract.
_OVER = """
UPDATE health_alert a SET state = 'resolved', over_at = %(now)s, changed_at = %(now)s, version = a.version + 1
FROM accounts_customer c
JOIN accounts_customerhealth h ON h.workspace_id = c.workspace_id AND h.customer_id = c.id
WHERE a.workspace_id = %(workspace)s AND a.state <> 'resolved' AND c.workspace_id = a.workspace_id
  AND c.id = a.customer_id AND (
    c.contract_state NOT IN ('active', 'notice_given', 'in_grace')
    OR (a.kind = 'band_fell' AND array_position(ARRAY['healthy', 'watch', 'at_risk'], h.band::text) - 1
        <= (a.details->>'from_level')::int)
    OR (a.kind = 'risk_rose' AND width_bucket(coalesce(h.churn_risk, 0), %(edges)s::int[])
        <= (a.details->>'from_level')::int)
    OR (a.kind = 'went_silent' AND h.last_event_at > (a.details->>'last_event_at')::timestamptz)
    OR (a.kind = 'coverage_lost' AND h.band <> 'unknown'))
"""
_NEEDED_NO_MORE = """
UPDATE health_alertdelivery d SET done_at = %(now)s, due_at = NULL FROM health_alert a
WHERE d.workspace_id = %(workspace)s AND d.done_at IS NULL AND a.workspace_id = d.workspace_id AND a.id = d.alert_id
  AND a.state IN ('resolved', 'muted')
"""
_HEARD_AGAIN = """
UPDATE health_alert a SET state = 'open', mute_id = NULL, round = a.round + (a.routed_round = a.round)::int,
  changed_at = %(now)s, version = a.version + 1
FROM health_alertmute m
WHERE a.workspace_id = %(workspace)s AND a.state = 'muted' AND m.workspace_id = a.workspace_id AND m.id = a.mute_id
  AND (m.undone_at IS NOT NULL OR m.until <= %(today)s)
"""


@transaction.atomic
def forget(*, now: datetime) -> int:
    """Delete some alerts that have been over for longer than ``ALERT_RETENTION_DAYS``; run it until 0.

    What was sent of them goes with them. Scores, and what is said of their changes, stand elsewhere and stay.
    """
    old = Alert.objects.filter(
        state=AlertState.RESOLVED, over_at__lt=now - timedelta(days=settings.ALERT_RETENTION_DAYS)
    )
    ids = list(old.order_by("over_at").values_list("pk", flat=True)[:_FORGET_AT_ONCE])
    AlertDelivery.objects.filter(alert__in=ids).delete()
    Alert.objects.filter(pk__in=ids).delete()
    return len(ids)


@transaction.atomic
def settle(*, now: datetime) -> int:
    """End what is over, hear again what was muted until now, and drop deliveries nobody needs; returns the ended."""
    values: dict[str, Any] = {
        "now": now,
        "today": now.date(),
        "workspace": str(current_workspace_id()),
        "edges": [least for _name, least in risk.LEVELS[1:]],
    }
    with connection.cursor() as cursor:
        cursor.execute(_OVER, values)
        ended: int = cursor.rowcount
        cursor.execute(_HEARD_AGAIN, values)
        cursor.execute(_NEEDED_NO_MORE, values)
    return ended
