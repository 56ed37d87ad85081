"""What is forgotten in time: traces of senders, and answers and addresses past the retention their survey promises."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from csplatform.core import audit
from surveys.models import OptIn, Response, Survey
from surveys.services import answering

ACTOR = audit.Actor(label="schedule")
SENDERS_KEPT = timedelta(days=7)
"""After closing: long enough to moderate what came in."""
_AT_ONCE = 5_000


def forget_senders(*, now: datetime) -> int:
    """Blank the keyed hashes of senders in surveys closed for a week; returns how many answers lost theirs."""
    closed = Survey.objects.filter(closed_at__lte=now - SENDERS_KEPT)
    return Response.objects.filter(survey__in=closed).exclude(sender_hash="").update(sender_hash="")


def forget_expired(*, now: datetime) -> int:
    """Delete answers and opt-ins older than their survey keeps them; returns how many answers went.

    What has been published stays: it names nobody. At most 5,000 of a survey at a time, the rest at the next call.
    """
    return sum(_forget_of(survey, now) for survey in Survey.objects.order_by("pk").only("pk", "retention_days"))


@transaction.atomic
def _forget_of(survey: Survey, now: datetime) -> int:
    oldest = now - timedelta(days=survey.retention_days)
    OptIn.objects.filter(survey=survey, given_on__lt=oldest.date()).delete()
    expired = list(
        Response.objects.filter(survey=survey, occurred_at__lt=oldest)
        .order_by("occurred_at")
        .only("pk", "customer_id", "score", "is_test")[:_AT_ONCE]
    )
    if expired:
        answering.tell_of_scores(expired, now)
        Response.objects.filter(pk__in=[row.pk for row in expired]).delete()
        audit.record(
            actor=ACTOR, action="survey.answers_expired", subject=survey, data={"count": len(expired)}, now=now
        )
    return len(expired)
