"""Background work of journeys. Each task loads, makes one domain call and says how much was done."""

from __future__ import annotations

import time
from typing import Any

import structlog
from celery import shared_task
from django.utils import timezone

from accounts.models import Workspace
from csplatform.core.rounds import visit_each
from csplatform.core.tenancy import workspace_scope
from journeys.services import laps, plan_upkeep, relaying, signals
from journeys.services.playbooks import running, starting

log = structlog.get_logger()


@shared_task(name="journeys.escalate_relays")
def escalate_relays(**_: Any) -> None:
    """Tell of handovers nobody decided in time; each is told once, however often this runs."""

    def visit(workspace: Workspace) -> None:
        with workspace_scope(workspace):
            told = relaying.escalate(now=timezone.now())
        if told:
            log.info("handovers escalated", count=told)

    visit_each(Workspace.objects.in_turn(), visit)


@shared_task(name="journeys.listen_for_silence")
def listen_for_silence(**_: Any) -> None:
    """Record where a customer, or we, used to speak and do not any more; each silence once."""

    def visit(workspace: Workspace) -> None:
        with workspace_scope(workspace):
            found = signals.listen_for_silence(now=timezone.now())
        if found:
            log.info("silences heard", count=found)

    visit_each(Workspace.objects.in_turn(), visit)


@shared_task(name="journeys.keep_laps")
def keep_laps(**_: Any) -> None:
    """Give customers that have none yet their laps; all others' are kept with their subscriptions and moves."""

    def visit(workspace: Workspace) -> None:
        with workspace_scope(workspace):
            kept = laps.refresh_missing(timezone.now())
        if kept:
            log.info("laps kept", count=kept)

    visit_each(Workspace.objects.in_turn(), visit)


@shared_task(name="journeys.keep_plans")
def keep_plans(**_: Any) -> None:
    """Record the day's figures of KPIs read from measures of use, and tell which KPIs stand differently now."""

    def visit(workspace: Workspace) -> None:
        now = timezone.now()
        with workspace_scope(workspace):
            recorded = plan_upkeep.measure_use(now=now)
            told = plan_upkeep.tell_changes(now=now)
        if recorded or told:
            log.info("plans kept", measured=recorded, changed=told)

    visit_each(Workspace.objects.filled().in_turn(), visit)


# Less than the time between two calls, so that playbooks never fill the workers that score and deliver.
_STEPS_SECONDS = 4.0


@shared_task(name="journeys.run_playbooks")
def run_playbooks(**_: Any) -> None:
    """Start what schedules are due and take the steps that are; any number of workers may do so at once."""
    ends = time.monotonic() + _STEPS_SECONDS

    def visit(workspace: Workspace) -> None:
        with workspace_scope(workspace):
            starting.come_round(now=timezone.now())
        taken = running.run_due(workspace_id=workspace.pk, clock=timezone.now, seconds=ends - time.monotonic())
        if taken:
            log.info("steps of playbooks taken", count=taken)

    visit_each(Workspace.objects.filled().in_turn(), visit)
