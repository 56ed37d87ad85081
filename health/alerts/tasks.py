"""Background work of alerts. The schedule asks what is due; states and dates stand in the database."""

from __future__ import annotations

from typing import Any

import structlog
from celery import shared_task
from django.utils import timezone

from accounts.models import Workspace
from csplatform.core.tenancy import workspace_scope
from health.alerts import opening, silences

log = structlog.get_logger()


@shared_task(name="health.keep_alerts")
def keep_alerts(**_: Any) -> None:
    """End what is over and hear again what was muted until now."""
    for workspace in Workspace.objects.order_by("pk"):
        with workspace_scope(workspace):
            ended = opening.settle(now=timezone.now())
        if ended:
            log.info("alerts kept", workspace=str(workspace.pk), ended=ended)


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
