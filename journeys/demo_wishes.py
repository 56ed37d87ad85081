"""The demo customers' requests and advocacy, recorded through the services everybody uses."""

from __future__ import annotations

import tomllib
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from accounts.models import Customer, Workspace
from accounts.models.customers import ContractState, HealthBand
from accounts.services.writing import Facts
from csplatform.core import audit
from csplatform.core.tenancy import workspace_scope
from journeys.models import AdvocacyAct, AdvocacyKind, Request
from journeys.services import advocacy, requests

ACTOR = audit.Actor(label="demo")
_SEEDS = Path(__file__).with_name("demo_wishes.toml")
_SEED = 20_261
_ASKED_FOR = (
    AdvocacyKind.REVIEW,
    AdvocacyKind.REFERENCE_CALL,
    AdvocacyKind.TESTIMONIAL,
    AdvocacyKind.BUSINESS_CASE,
    AdvocacyKind.EVENT,
)
_STATES = ("thanked", "done", "agreed", "asked", "declined")
_MOST_ADVOCATES = 24
_LONG = 180


def load(*, workspace: Workspace, now: datetime) -> None:
    """Make what is missing; the same customers get the same."""
    with workspace_scope(workspace):
        if not Request.objects.exists():
            requests.record(rows=_wishes(now), actor=ACTOR, now=now).raise_refusals()
    with workspace_scope(workspace):
        if not AdvocacyAct.objects.filter(external_id__startswith="demo-").exists():
            advocacy.record(rows=_acts(now), actor=ACTOR, now=now).raise_refusals()


def _wishes(now: datetime) -> list[Facts]:
    random = Random(_SEED)  # noqa: S311  (the same demo every time, no secret)
    known = Customer.objects.exclude(contract_state=ContractState.CHURNED).order_by("external_id")
    customers = list(known.values_list("external_id", "created_at"))
    rows = []
    for number, seed in enumerate(tomllib.loads(_SEEDS.read_text(encoding="utf-8"))["request"], 1):
        raised_at = now - timedelta(days=seed["raised"])
        there = [external_id for external_id, created_at in customers if created_at <= raised_at]
        asked = [external_id for external_id in there if random.randrange(100) < seed["share"]][:400]
        told: dict[str, Any] = {name: seed[name] for name in ("title", "kind", "status")}
        told |= {"raised_at": raised_at, "customer_external_id": "|".join(asked)}
        if "changed" in seed:
            told["answer"] = seed["answer"]
            if seed["status"] == "shipped":
                told["shipped_at"] = now - timedelta(days=seed["changed"])
        rows.append(Facts(f"demo-{number}", told))
    return rows


def _acts(now: datetime) -> list[Facts]:
    """The referrals the customers tell of, and what the healthiest were asked for."""
    random = Random(_SEED)  # noqa: S311  (the same demo every time, no secret)
    rows = []
    referred = Customer.objects.filter(referred_by__isnull=False).select_related("referred_by").order_by("external_id")
    for customer in referred:
        assert customer.referred_by is not None
        done = customer.created_at
        rows.append(
            Facts(
                f"demo-referral-{customer.external_id}",
                {
                    "customer_external_id": customer.referred_by.external_id,
                    "kind": AdvocacyKind.REFERRAL.value,
                    "state": "thanked",
                    "done_at": done,
                    "thanked_at": min(done + timedelta(days=4), now),
                    "referred_external_id": customer.external_id,
                },
            )
        )
    long_here = Customer.objects.filter(created_at__lte=now - timedelta(days=_LONG))
    healthy = long_here.filter(health__band=HealthBand.HEALTHY).order_by("-health__points", "external_id")
    for number, external_id in enumerate(healthy.values_list("external_id", flat=True)[:_MOST_ADVOCATES]):
        state = _STATES[number % len(_STATES)]
        asked = now - timedelta(days=random.randrange(12, 170))
        told = {
            "customer_external_id": external_id,
            "kind": _ASKED_FOR[random.randrange(len(_ASKED_FOR))].value,
            "state": state,
            "asked_at": asked,
        }
        reached = {"thanked": ("done_at", "thanked_at"), "asked": ()}.get(state, (f"{state}_at",))
        told |= {name: min(asked + timedelta(days=5 * step), now) for step, name in enumerate(reached, 1)}
        rows.append(Facts(f"demo-{number}", told))
    return rows
