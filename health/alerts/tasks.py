"""Background work of alerts. The schedule asks what is due; states and dates stand in the database."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import structlog
from celery import shared_task
from django.utils import timezone

from accounts.models import Workspace
from csplatform.core.rounds import visit_each
from csplatform.core.tenancy import workspace_scope
from health.alerts import opening, routing, sending, silences

log = structlog.get_logger()

# Less than the time limit of a task by more than the slowest mail server or Slack may take.
_SLICE = timedelta(seconds=60)


@shared_task(name="health.keep_alerts")
def keep_alerts(**_: Any) -> None:
    """End what is over, hear again what was muted until now, and say of each alert who is to hear of it."""

    def visit(workspace: Workspace) -> None:
        with workspace_scope(workspace):
            ended = opening.settle(now=timezone.now())
        routed = 0
        while True:
            with workspace_scope(workspace):
                some = routing.route_waiting(now=timezone.now())
            if not some:
                break
            routed += some
        if ended or routed:
            log.info("alerts kept", ended=ended, routed=routed)

    visit_each(Workspace.objects.in_turn(), visit)


@shared_task(name="health.forget_alerts")
def forget_alerts(**_: Any) -> None:
    """Delete alerts past their retention."""

    def visit(workspace: Workspace) -> None:
        gone = 0
        while True:
            with workspace_scope(workspace):
                some = opening.forget(now=timezone.now())
            if not some:
                break
            gone += some
        if gone:
            log.info("alerts forgotten", alerts=gone)

    visit_each(Workspace.objects.in_turn(), visit)


@shared_task(name="health.send_alerts")
def send_alerts(**_: Any) -> None:
    """Send the mails and messages that are due, for a while; any number may run."""
    until = timezone.now() + _SLICE

    def visit(workspace: Workspace) -> None:
        sent = sending.send_due(workspace_id=workspace.pk, clock=timezone.now, until=until)
        if sent:
            log.info("alerts sent", messages=sent)

    visit_each(Workspace.objects.in_turn(), visit)


@shared_task(name="health.look_for_silences")
def look_for_silences(**_: Any) -> None:
    """Begin alerts for customers that fell silent. Any number may run: each silence is told once."""

    def visit(workspace: Workspace) -> None:
        with workspace_scope(workspace):
            begun = silences.look(now=timezone.now(), through=workspace.data_through)
        if begun:
            log.info("silences found", count=begun)

    visit_each(Workspace.objects.filled().in_turn(), visit)
