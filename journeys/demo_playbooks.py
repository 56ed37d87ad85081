"""The demo's playbooks: one for the beginning of adoption, one for customers at risk, at work on a few of each."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q

from accounts.models import Customer, Membership, Workspace
from accounts.models.customers import HealthBand
from accounts.roles import Department, Role
from csplatform.core import audit
from csplatform.core.tenancy import workspace_scope
from journeys.models import Macro, Playbook, Stage, Task, TaskState
from journeys.services import task_deeds
from journeys.services.playbooks import control, editing, running, starting

ACTOR = audit.Actor(label="demo")
_AT_RISK, _NEW = 8, 5
_DONE_EACH, _LATER_EACH = 4, 5
_SUCCESS = Department.CUSTOMER_SUCCESS.value


def load(*, workspace: Workspace, now: datetime) -> None:
    """Make what is missing of the playbooks and what they have done, in one transaction."""
    with workspace_scope(workspace):
        if Playbook.objects.exists():
            return
        managers = Membership.objects.filter(workspace=workspace, role=Role.MANAGER, left_at__isnull=True)
        owner = managers.order_by("joined_at", "pk").first()
        adoption = list(
            Stage.objects.filter(macro=Macro.ADOPTION, retired_at__isnull=True).values_list("key", flat=True)
        )
        risky = Customer.objects.filter(health__band=HealthBand.AT_RISK).order_by("-arr_minor", "pk")[:_AT_RISK]
        new = Customer.objects.filter(stage_key__in=adoption).order_by("-stage_since", "pk")[:_NEW]
        for name, told, customers in (
            ("Welcome to adoption", _onboarding(adoption), new),
            ("Falling health", _risk(), risky),
        ):
            _at_work(name, told, owner, [customer.pk for customer in customers], now)
        while running.advance(now=now):
            pass
        _answer(now)


def _onboarding(stages: Collection[str]) -> dict[str, Any]:
    call = "Agree with {{ sponsor.name }} who uses what by when, and which habit changes first."
    words = (
        "Dear {{ sponsor.name }},\n\nit is good to have {{ customer.name }} with us. Could we take half an hour to "
        "agree on the first steps, and on how we both will see that they work?\n\nKind regards"
    )
    return {
        "trigger": {"event": "stage.entered", "where": [{"field": "stage", "op": "in", "value": list(stages)}]},
        "steps": [
            {"kind": "task", "title": "Plan the first weeks with {{ customer.name }}", "body": call, "owner": _SUCCESS,
             "due_days": 2},
            {"kind": "email", "subject": "The first steps of {{ customer.name }}", "body": words, "owner": _SUCCESS,
             "due_days": 3},
            {"kind": "wait", "days": 10},
            {"kind": "task", "title": "Look at who uses it at {{ customer.name }}", "owner": _SUCCESS, "due_days": 2},
        ],
        "limits": {"again_after_days": 180},
    }  # fmt: skip


def _risk() -> dict[str, Any]:
    call = "Its health is at risk since {{ today }}. Notice is due by {{ customer.notice_deadline }}."
    still = {"all": [{"field": "band", "op": "eq", "value": ["at_risk"]}]}
    return {
        "trigger": {"event": "health.band_changed", "where": [{"field": "to", "op": "eq", "value": "at_risk"}]},
        "steps": [
            {"kind": "task", "title": "Find out what has changed at {{ customer.name }}", "body": call,
             "owner": _SUCCESS, "due_days": 1},
            {"kind": "wait", "days": 5},
            {"kind": "task", "title": "Bring {{ customer.name }} to the next review with management",
             "owner": "management", "due_days": 3, "only_if": still},
        ],
        "limits": {"again_after_days": 60},
    }  # fmt: skip


def _at_work(
    name: str, definition: dict[str, Any], owner: Membership | None, customers: Collection[UUID], now: datetime
) -> None:
    made = editing.create(name=name, definition=definition, owner=owner, actor=ACTOR, now=now)
    control.activate(playbook_id=made.pk, actor=ACTOR, now=now)
    starting.start_for(playbook_id=made.pk, customers=Q(pk__in=customers), key="demo", actor=ACTOR, now=now)


def _answer(now: datetime) -> None:
    """Some of the tasks were dealt with, so that no queue is all new."""
    rows = Task.objects.filter(source="playbook", state=TaskState.OPEN).order_by("customer__external_id", "pk")
    for number, task in enumerate(rows):
        if number % _DONE_EACH == 1:
            task_deeds.finish(task_id=task.pk, result="Spoke to them, a plan is agreed", actor=ACTOR, now=now)
        elif number % _LATER_EACH == 3:
            until = (now + timedelta(days=6)).date()
            task_deeds.snooze(task_id=task.pk, until=until, reason="Their sponsor is away", actor=ACTOR, now=now)
