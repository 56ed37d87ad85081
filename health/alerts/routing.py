"""Who hears of an alert, where and when: the routes of the workspace, the account team, and each one's own wishes.

Every route that fits takes part. A workspace without routes has one: the CSM, in the app, and by mail in the digest.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import F

from accounts import segments
from accounts.models import AccountTeamMember, Customer, CustomerHealth, Membership, Workspace
from accounts.models.customers import TeamRole
from accounts.roles import Department, Permission, Role, allows
from accounts.services import bulk, team
from csplatform.core.ids import uuid7
from csplatform.core.tenancy import current_workspace_id
from health.alerts import rules
from health.models import (
    Alert,
    AlertChannel,
    AlertDelivery,
    AlertPace,
    AlertPreference,
    AlertRoute,
    AlertState,
    SlackHook,
)

_AT_ONCE = 500


def default_route() -> AlertRoute:
    """What holds while a workspace has set no route; not saved."""
    return AlertRoute(roles=[TeamRole.CSM], channels=[AlertChannel.IN_APP, AlertChannel.EMAIL], pace=AlertPace.DIGEST)


@transaction.atomic
def route_waiting(*, now: datetime) -> int:
    """Write the deliveries of up to 500 alerts that wait for it; returns how many alerts. Run it until 0.

    Any number may run: an alert is at one of them, and a delivery is unique per round, channel and receiver.
    """
    rows = Alert.objects.select_for_update(skip_locked=True, of=("self",), no_key=True)
    waiting = list(rows.filter(state=AlertState.OPEN, routed_round__lt=F("round")).order_by("pk")[:_AT_ONCE])
    if not waiting:
        return 0
    bulk.insert(_deliveries(waiting, now))
    Alert.objects.filter(pk__in=[each.pk for each in waiting]).update(routed_round=F("round"))
    return len(waiting)


@dataclass(slots=True)
class _People:
    """Who may hear of alerts: present members who may see customers, with their wishes, read once.

    ``is_trying``: the workspace holds sample data, of which nobody hears outside the app.
    """

    zone: ZoneInfo
    members: dict[UUID, Membership]
    wishes: dict[UUID, AlertPreference]
    managers: list[UUID]
    is_trying: bool
    teams: dict[tuple[UUID, str], list[UUID]] = field(default_factory=dict)

    def of(self, customer_id: UUID, roles: Sequence[str]) -> list[UUID]:
        """Members in these places of the customer's team; the managers where nobody holds one."""
        found = [each for role in roles for each in self.teams.get((customer_id, role), ()) if each in self.members]
        return list(dict.fromkeys(found)) or self.managers


def _people(customer_ids: Iterable[UUID], now: datetime) -> _People:
    workspace = Workspace.objects.get(pk=current_workspace_id())
    rows = Membership.objects.filter(workspace=workspace, left_at__isnull=True, user__is_active=True)
    members = {row.pk: row for row in rows.order_by("pk") if allows(row.role, Permission.VIEW_CUSTOMERS)}
    wishes = {row.member_id: row for row in AlertPreference.objects.filter(member__in=members)}
    is_trying = workspace.sample_since is not None
    people = _People(ZoneInfo(workspace.time_zone), members, wishes, _managers(members.values()), is_trying)
    places = AccountTeamMember.objects.filter(team.holding_on(now.date()), customer__in=list(customer_ids))
    for customer_id, role, member_id in places.values_list("customer_id", "role", "member_id"):
        people.teams.setdefault((customer_id, role), []).append(member_id)
    return people


def _managers(members: Iterable[Membership]) -> list[UUID]:
    """The managers of customer success; where there are none all managers, and in the end the owners."""
    rows = list(members)
    managers = [row for row in rows if row.role == Role.MANAGER]
    ours = [row for row in managers if row.department == Department.CUSTOMER_SUCCESS]
    return [row.pk for row in ours or managers or [row for row in rows if row.role == Role.OWNER]]


def _deliveries(alerts: Sequence[Alert], now: datetime) -> list[AlertDelivery]:
    ids = {alert.customer_id for alert in alerts}
    people = _people(ids, now)
    routes = list(AlertRoute.objects.select_related("slack").order_by("pk"))
    reached = {route.pk: _reached(route, ids, now) for route in routes}
    bands = dict(CustomerHealth.objects.filter(customer__in=ids).values_list("customer_id", "band"))
    made: dict[tuple[UUID, str, UUID], AlertDelivery] = {}
    for alert in alerts:
        fitting = [route for route in routes if fits(route, alert, bands.get(alert.customer_id, ""), reached[route.pk])]
        for route in fitting if routes else [default_route()]:
            for row in _rows(alert, route, people, now):
                _keep_the_earlier(made, row)
    return sorted(made.values(), key=lambda row: (row.alert_id, row.channel, row.member_id or row.slack_id))


def fits(route: AlertRoute, alert: Alert, band: str, reached: set[UUID] | None) -> bool:
    """Whether ``route`` takes ``alert`` of a customer in ``band``; ``reached``: customers of its filter, None: all."""
    return (
        (not route.kinds or alert.kind in route.kinds)
        and (not route.bands or band in route.bands)
        and (route.least_arr_minor is None or alert.arr_minor >= route.least_arr_minor)
        and (reached is None or alert.customer_id in reached)
    )


def _reached(route: AlertRoute, ids: set[UUID], now: datetime) -> set[UUID] | None:
    if not route.definition:
        return None
    chosen = segments.condition(segments.stored(route.definition), now=now)
    return set(Customer.objects.filter(chosen, pk__in=ids).values_list("pk", flat=True))


def _rows(alert: Alert, route: AlertRoute, people: _People, now: datetime) -> list[AlertDelivery]:
    rows = []
    hook = route.slack
    if AlertChannel.SLACK in route.channels and hook is not None and hook.is_enabled and not people.is_trying:
        rows.append(_row(alert, AlertChannel.SLACK, AlertPace(route.pace), people, now, slack=hook))
    for member_id in people.of(alert.customer_id, route.roles):
        wish = people.wishes.get(member_id) or AlertPreference()
        if AlertChannel.IN_APP in route.channels and wish.wants_in_app:
            rows.append(_row(alert, AlertChannel.IN_APP, AlertPace.AT_ONCE, people, now, member_id=member_id))
        if AlertChannel.EMAIL in route.channels and wish.wants_email and not people.is_trying:
            pace = AlertPace(wish.email_pace or route.pace)
            rows.append(_row(alert, AlertChannel.EMAIL, pace, people, now, member_id=member_id))
    return rows


def _row(
    alert: Alert,
    channel: AlertChannel,
    pace: AlertPace,
    people: _People,
    now: datetime,
    *,
    member_id: UUID | None = None,
    slack: SlackHook | None = None,
) -> AlertDelivery:
    wish = people.wishes.get(member_id) if member_id else None
    due_at = None if channel == AlertChannel.IN_APP else due(pace, wish, people.zone, now)
    return AlertDelivery(
        id=uuid7(),
        workspace_id=current_workspace_id(),
        alert=alert,
        round=alert.round,
        channel=channel,
        member_id=member_id,
        slack=slack,
        pace=pace,
        made_at=now,
        due_at=due_at,
    )


def due(pace: AlertPace, wish: AlertPreference | None, zone: ZoneInfo, now: datetime) -> datetime:
    """When to send: now, or in the next digest by the receiver's clock (``zone``: the workspace's)."""
    if pace == AlertPace.AT_ONCE:
        return now
    said = wish or AlertPreference()
    own = ZoneInfo(said.time_zone) if said.time_zone else zone
    return rules.next_digest(now, zone=own, hour=said.digest_hour, only_weekdays=said.only_weekdays)


def _keep_the_earlier(made: dict[tuple[UUID, str, UUID], AlertDelivery], row: AlertDelivery) -> None:
    """Of two routes to the same receiver on the same channel the quicker one counts."""
    receiver = row.member_id or row.slack_id
    assert receiver is not None
    key = (row.alert_id, row.channel, receiver)
    other = made.get(key)
    if other is None or (row.due_at is not None and other.due_at is not None and row.due_at < other.due_at):
        made[key] = row


def plan_again(*, member: Membership, wishes: Mapping[str, object], now: datetime) -> None:
    """Move what waits for a member's digest to the hour that member has now chosen."""
    zone = ZoneInfo(Workspace.objects.values_list("time_zone", flat=True).get(pk=current_workspace_id()))
    waiting = AlertDelivery.objects.filter(
        member=member, channel=AlertChannel.EMAIL, due_at__isnull=False, pace=AlertPace.DIGEST
    )
    if not wishes["wants_email"]:
        AlertDelivery.objects.filter(member=member, channel=AlertChannel.EMAIL, done_at__isnull=True).update(
            done_at=now, due_at=None
        )
        return
    wish = AlertPreference(**{name: wishes[name] for name in ("digest_hour", "only_weekdays", "time_zone")})
    waiting.update(due_at=due(AlertPace.DIGEST, wish, zone, now))
