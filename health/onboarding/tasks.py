"""Celery jobs of the way from files to a proof."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID

from celery import shared_task
from django.db import transaction

from accounts.models import ImportRun, Workspace
from csplatform.core.rounds import visit_each
from csplatform.core.tenancy import workspace_scope
from health.onboarding import carrying


@shared_task(name="health.carry_on_onboarding")
def carry_on(workspace_id: str, **_: Any) -> None:
    """Begin the workspace's next step, if its turn has come."""
    _carry_on(UUID(workspace_id))


@shared_task(name="health.sweep_onboarding")
def sweep(**_: Any) -> None:
    """Look after every workspace: steps end in jobs that know nothing of what follows, and messages get lost."""
    visit_each(Workspace.objects.in_turn(), _carry_on)


def _carry_on(workspace: Workspace | UUID) -> None:
    with workspace_scope(workspace):
        carrying.carry_on(now=datetime.now(UTC))


def when_an_import_ended(run: ImportRun, now: datetime) -> None:
    """Once committed, call a worker to the next file."""
    transaction.on_commit(partial(carry_on.apply_async, args=(str(run.workspace_id),), retry=False), robust=True)
