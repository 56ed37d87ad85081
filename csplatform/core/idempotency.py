"""How long the first answer to an ``Idempotency-Key`` is kept."""

from __future__ import annotations

from datetime import datetime, timedelta

from csplatform.core.models import IdempotencyRecord

KEPT_FOR = timedelta(days=1)


def purge(*, now: datetime) -> int:
    """Delete the active workspace's answers that are no longer replayed; returns how many."""
    deleted, _by_model = IdempotencyRecord.objects.filter(created_at__lt=now - KEPT_FOR).delete()
    return deleted
