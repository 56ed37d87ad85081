"""Background work of alerts. The schedule asks what is due; states and dates stand in the database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog
from celery import shared_task
from django.utils import timezone

from accounts.models import Workspace
from csplatform.core.tenancy import workspace_scope
from health.alerts import opening, routing, sending, silences

log = structlog.get_logger()

# Less than the time limit of a task by more than the slowest mail server or Slack may take.
_SLICE = timedelta(seconds=60)


@shared_task(name="health.keep_alerts")
def keep_alerts(**_: Any) -> None:
    """End what is over, hear again what was muted until now, and say of each alert who is to hear of it."""
    for workspace_id in _workspaces():
        with workspace_scope(workspace_id):
            ended = opening.settle(now=timezone.now())
        routed = 0
        while True:
            with workspace_scope(workspace_id):
                some = routing.route_waiting(now=timezone.now())
            if not some:
                break
            routed += some
        if ended or routed:
            log.info("alerts kept", workspace=str(workspace_id), ended=ended, routed=routed)


@shared_task(name="health.forget_alerts")
def forget_alerts(**_: Any) -> None:
    """Delete alerts past their retention."""
    for workspace_id in _workspaces():
        gone = 0
        while True:
            with workspace_scope(workspace_id):
                some = opening.forget(now=timezone.now())
            if not some:
                break
            gone += some
        if gone:
            log.info("alerts forgotten", workspace=str(workspace_id), alerts=gone)


@shared_task(name="health.send_alerts")
def send_alerts(**_: Any) -> None:
    """Send the mails and messages that are due, for a while; any number may run."""
    until = timezone.now() + _SLICE
    for workspace_id in _workspaces():
        sent = sending.send_due(workspace_id=workspace_id, clock=timezone.now, until=until)
        if sent:
            log.info("alerts sent", workspace=str(workspace_id), messages=sent)


@shared_task(name="health.look_for_silences")
def look_for_silences(**_: Any) -> None:
    """Begin alerts for customers that fell silent. Any number may run: each silence is told once."""
    for workspace in Workspace.objects.order_by("pk"):
        if workspace.is_filling:
            continue
        with workspace_scope(workspace):
            begun = silences.look(now=timezone.now(), through=workspace.data_through)
        if begun:
            log.info("silences found", workspace=str(workspace.pk), count=begun)


def _workspaces() -> Sequence[UUID]:
    return list(Workspace.objects.order_by("?").values_list("pk", flat=True))  # nobody waits for ever behind somebody
