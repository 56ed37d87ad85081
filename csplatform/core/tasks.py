"""Celery jobs of the machinery."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from celery import shared_task

from csplatform.core import outbox


@shared_task(name="core.dispatch_outbox")
def dispatch_outbox(**_: Any) -> None:
    """Deliver what waits in the outbox, and forget what was delivered long ago."""
    now = datetime.now(UTC)
    while outbox.dispatch_waiting(now=now):
        pass
    outbox.forget_delivered(now=now)
