"""Reading the audit trail."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from django.db.models import QuerySet

from csplatform.core.models import AuditEvent


def trail(
    *, who: str = "", action: str = "", since: date | None = None, until: date | None = None, object_id: str = ""
) -> QuerySet[AuditEvent]:
    """Lines of the active workspace's trail, newest first. Days are UTC and ``until`` is included."""
    lines = AuditEvent.objects.order_by("-at", "-pk")
    if who:
        lines = lines.filter(actor_label__icontains=who)
    if action:
        lines = lines.filter(action__icontains=action)
    if object_id:
        lines = lines.filter(object_id=object_id)
    if since:
        lines = lines.filter(at__gte=datetime.combine(since, time.min, UTC))
    if until:
        lines = lines.filter(at__lt=datetime.combine(until + timedelta(days=1), time.min, UTC))
    return lines
