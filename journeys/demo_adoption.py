"""What was planned for the demo customers' adoption: plans, groups with their step, and indicators."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from accounts.models import Contact, Customer, Workspace
from accounts.models.customers import ContractState
from csplatform.core import audit
from csplatform.core.tenancy import workspace_scope
from journeys.models import AdoptionCount, AdoptionIndicator, AdoptionPlan
from journeys.selectors import adoption as reads
from journeys.services.adoption import indicators, planning

ACTOR = audit.Actor(label="demo")
_PLANNED = 24
_BEGAN = timedelta(days=180)
_STEPS = (
    ("high", "They plan on the screen instead of on paper: other hours, other habits."),
    ("medium", "The same work with fewer calls; the first two weeks take longer."),
    ("low", "A new screen for what they do every day."),
)


def load(*, workspace: Workspace, now: datetime) -> None:
    """Plan the adoption of the largest customers; again, it finds nothing to do."""
    with workspace_scope(workspace):
        if AdoptionPlan.objects.exists():
            return
        counted = AdoptionCount.objects.filter(people__gte=8, customer__contract_state=ContractState.ACTIVE)
        rows = counted.select_related("customer").order_by("-customer__arr_minor", "customer_id")[:_PLANNED]
        for place, count in enumerate(rows):
            _plan(count, place, now)
        chosen = [count.customer_id for count in rows]
        indicators.follow(chosen, {}, now=now)


def _plan(count: AdoptionCount, place: int, now: datetime) -> None:
    customer: Customer = count.customer
    began = (now - _BEGAN).date()
    (before,) = reads.curve_of(customer.pk, first=began, last=began)
    baseline = round(before.habit_percent or 0)
    goal = min(95, max(baseline + 15, count.habit_percent // 100 + (12 if place % 3 else -4)))
    halfway = baseline + (goal - baseline) // 2
    targets = [
        {"on": (now - timedelta(days=60)).date(), "percent": halfway},
        {"on": (now + timedelta(days=120)).date(), "percent": goal},
    ]
    told: dict[str, Any] = {
        "customer_id": customer.pk,
        "baseline_on": began,
        "baseline_percent": baseline,
        "actor": ACTOR,
    }
    if place % 4 == 0:
        first = [{"on": targets[-1]["on"], "percent": min(98, goal + 3)}]
        planning.set_plan(**told, targets=first, now=now - _BEGAN)
        planning.set_plan(**told, targets=targets, reason="The night shift joins later", now=now - timedelta(days=75))
    else:
        planning.set_plan(**told, targets=targets, now=now - _BEGAN)
    people = Contact.objects.filter(customer=customer).exclude(title="").order_by("title")
    titles = list(people.values_list("title", flat=True).distinct()[: len(_STEPS)])
    for title, (step, words) in zip(titles, _STEPS, strict=False):
        planning.save_group(customer_id=customer.pk, name=title, step=step, words=words, actor=ACTOR, now=now)
    _indicate(customer, goal, now)


def _indicate(customer: Customer, goal: int, now: datetime) -> None:
    wanted = (
        ("Half of the people work with it", "activated", 50),
        ("For most it has become a habit", "habitual", goal),
    )
    for number, (title, state, threshold) in enumerate(wanted):
        key = f"demo-{customer.external_id}-{number}"
        if not AdoptionIndicator.objects.filter(external_id=key).exists():
            told = {"title": title, "kind": "share", "state": state, "threshold": threshold}
            indicators.define(
                customer_id=customer.pk, told=told, external_id=key, actor=ACTOR, now=now - timedelta(days=150)
            )
