"""One confirmed address, one answer: keyed hashes of the addresses that answers were given with, for surveys that ask.

The address itself is kept until its mail has left, a moment later; of the hash nobody without the installation's secret
can make anything, and it goes a week after closing.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q

from surveys import links, receipts
from surveys.models import AnswerConfirmation, Response, Survey
from surveys.services import suppressing

MOST_PENDING = 3
"""Links that wait to be opened, for one address and survey."""
HASHES_KEPT = timedelta(days=7)
"""After closing, as long as the hashes of senders."""


def digest(survey: Survey, address: str) -> str:
    """The keyed hash of an address, for this survey only."""
    return receipts.sender_digest(settings.SECRET_KEY, str(survey.pk), f"mailto:{address}")


def ask(*, response: Response, address: str, language: str, now: datetime) -> None:
    """Mail ``address`` a link by which its owner confirms the answer.

    One that wants no survey mail, and one with ``MOST_PENDING`` links to open, gets none; the caller cannot tell.
    """
    hashed = digest(response.survey, address)
    alive = AnswerConfirmation.objects.filter(
        survey_id=response.survey_id, address_hash=hashed, confirmed_at__isnull=True, asked_at__gt=_oldest(now)
    )
    if alive.count() >= MOST_PENDING or suppressing.is_suppressed(address):
        return
    AnswerConfirmation.objects.create(
        workspace_id=response.workspace_id,
        survey_id=response.survey_id,
        response=response,
        email=address,
        address_hash=hashed,
        language=language[:5],
        asked_at=now,
    )
    from surveys.tasks import mail_confirmations  # tasks import services

    transaction.on_commit(partial(mail_confirmations.delay, str(response.workspace_id)), robust=True)


def take(*, response: Response, address: str, now: datetime) -> bool:
    """Note ``address``, known to be the author's, as that of ``response``; false where it is another answer's."""
    row = AnswerConfirmation(
        workspace_id=response.workspace_id,
        survey_id=response.survey_id,
        response=response,
        address_hash=digest(response.survey, address),
        asked_at=now,
        confirmed_at=now,
    )
    return _is_first(row)


def settle(row: AnswerConfirmation, now: datetime) -> bool:
    """Mark a link's row as confirmed; false where another answer was confirmed with its address."""
    row.confirmed_at = now
    return _is_first(row)


def forget(*, now: datetime) -> int:
    """Delete hashes of links that are over, and of surveys closed for a week; returns how many went."""
    over = Q(confirmed_at__isnull=True, asked_at__lte=_oldest(now)) | Q(survey__closed_at__lte=now - HASHES_KEPT)
    return AnswerConfirmation.objects.filter(over).delete()[0]


def _oldest(now: datetime) -> datetime:
    return now - links.CONFIRM_WITHIN


def _is_first(row: AnswerConfirmation) -> bool:
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError:
        return False
    return True
