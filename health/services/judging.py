"""A CSM's own judgement of a customer: a number, the reason, and the day from which on it no longer counts."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts import extensions
from accounts.models import Customer
from csplatform.core import audit
from csplatform.core.tenancy import current_workspace_id
from health.models import Judgement

USUAL = timedelta(days=90)
LONGEST = timedelta(days=366)
MOST_WORDS = 500


@transaction.atomic
def judge(
    *,
    customer: Customer,
    score: int,
    reason: str,
    until: date | None,
    actor: audit.Actor,
    now: datetime,
    member_id: UUID | None = None,
) -> Judgement:
    """Judge ``customer`` from 1 to 5, until a day (90 days on unless told). What was judged before stays on record.

    Raises ``ValidationError`` by field.
    """
    today = now.date()
    until = until or today + USUAL
    reason = " ".join(reason.replace("\0", "").split())
    errors: dict[str, str] = {}
    if not 1 <= score <= 5:
        errors["score"] = _("Choose a number from 1 to 5.")
    if not reason or len(reason) > MOST_WORDS:
        errors["reason"] = _("Say in a few words why; at most 500 characters.")
    if not today <= until <= today + LONGEST:
        errors["until"] = _("Choose a day from today on and within a year.")
    if errors:
        raise ValidationError(errors)
    judgement: Judgement = Judgement.objects.create(
        workspace_id=current_workspace_id(),
        customer=customer,
        score=score,
        reason=reason,
        until=until,
        made_at=now,
        member_id=member_id,
        actor_label=actor.label[:200],
    )
    audit.record(
        actor=actor,
        action="customer.judged",
        subject=customer,
        data={"score": score, "reason": reason, "until": until.isoformat()},
        now=now,
    )
    extensions.notify_changed([customer.pk], now)
    return judgement
