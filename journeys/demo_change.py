"""What changes in the demo: cadences, signals with their answers, and a shock that is being worked on."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Count

from accounts.models import Customer, Membership, Workspace
from csplatform.core import audit
from csplatform.core.tenancy import workspace_scope
from journeys.models import Direction, Shock
from journeys.services import cadences, shocks, signals

ACTOR = audit.Actor(label="demo")
# Kind, what was noticed, days ago, hours until it was answered (0: still waiting), the answer.
_SIGNALS = (
    ("sponsor_change", "Their head of logistics leaves at the end of the month", 46, 29, "Met the successor"),
    ("staffing", "They hire a dozen dispatchers", 31, 52, "Offered training for the new ones"),
    ("usage_shift", "Routes are planned in the evening instead of the morning", 24, 118, "Showed them the night view"),
    ("new_goals", "The board wants empty runs halved", 12, 20, "Set a new outcome with them"),
    ("staffing", "Two depots are to close", 5, 0, ""),
    ("sponsor_change", "A new managing director starts", 2, 0, ""),
)


def load(*, workspace: Workspace, now: datetime) -> None:
    """Make them, unless a shock is there already: that is made last."""
    with workspace_scope(workspace):
        if Shock.objects.exists():
            return
        _cadences(now)
        _signals(now)
        signals.listen_for_silence(now=now)
        _shock(workspace, now)


def _cadences(now: datetime) -> None:
    large = {"field": "arr", "op": "gte", "value": "60000"}
    cadences.save(name="Large accounts", definition=large, every_days=21, direction="", actor=ACTOR, now=now)
    running = {"field": "contract_state", "op": "in", "value": ["active", "notice_given"]}
    ours = Direction.VENDOR_TO_CUSTOMER
    cadences.save(name="Everybody", definition=running, every_days=60, direction=ours, actor=ACTOR, now=now)


def _signals(now: datetime) -> None:
    customers = Customer.objects.filter(contract_state="active").order_by("-arr_minor", "pk")[: len(_SIGNALS)]
    for customer, (kind, summary, days, hours, answer) in zip(customers, _SIGNALS, strict=False):
        known = now - timedelta(days=days)
        told = {"kind": kind, "summary": summary}
        made = signals.record(customer=customer, told=told, actor=ACTOR, now=known)
        if answer:
            signals.answer(signal_id=made.pk, answer=answer, actor=ACTOR, now=known + timedelta(hours=hours))


def _shock(workspace: Workspace, now: datetime) -> None:
    """On the industry of which there are most but one, so that the comparison has something on both sides."""
    running = Customer.objects.filter(contract_state="active").exclude(industry="")
    counted = running.values_list("industry").annotate(n=Count("pk")).order_by("-n", "industry")[:2]
    if not counted:
        return
    industry = list(counted)[-1][0]
    declared = now - timedelta(days=18)
    shock = shocks.declare(
        name=f"Fuel price jump: {industry}",
        note="Fuel went up by a third within a week; haulage contracts are being renegotiated.",
        definition={"field": "industry", "op": "in", "value": [industry]},
        struck_on=(declared - timedelta(days=3)).date(),
        actor=ACTOR,
        now=declared,
    )
    parts = ("leads", "talks with finance", "offers", "figures")
    members = Membership.objects.filter(workspace=workspace, left_at__isnull=True).exclude(role="host")
    chosen = {each.department: each for each in members.order_by("-pk")}
    for member, part in zip(chosen.values(), parts, strict=False):
        shocks.enlist(shock_id=shock.pk, member=member, part=part, actor=ACTOR, now=declared)
