"""Answers that count once their author has confirmed the address they were given with."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from smtplib import SMTPRecipientsRefused
from uuid import UUID

import structlog
from django.db import transaction

from csplatform.core.tenancy import workspace_scope
from surveys import links, mail
from surveys.models import AnswerConfirmation, Response, State, Status, Survey
from surveys.services import answering, proving
from surveys.services.suppressing import checked_address

_AT_ONCE = 100
_FOR_GOOD = 500  # SMTP reply codes from here on: trying again is of no use

log = structlog.get_logger()


class Outcome(StrEnum):
    """What a link is worth. ``TAKEN``: another answer was confirmed with this address; ``LATE``: results are out."""

    ASKED = "asked"
    CONFIRMED = "confirmed"
    TAKEN = "taken"
    LATE = "late"


def ask_again(*, survey: Survey, submission_key: str, email: str, language: str, now: datetime) -> None:
    """Mail the link once more, perhaps to a corrected address. Without effect on an answer that needs none.

    Raises ``ValidationError`` by field for what is no address.
    """
    address = checked_address(email)
    found = Response.objects.select_related("survey").filter(survey=survey, submission_key=submission_key).first()
    if found is not None and found.status == Status.WAITING:
        proving.ask(response=found, address=address, language=language, now=now)


def link_of(*, survey: Survey, confirmation_id: UUID, now: datetime) -> AnswerConfirmation | None:
    """The row of a link, while it works."""
    rows = AnswerConfirmation.objects.select_related("response", "survey")
    return rows.filter(survey=survey, pk=confirmation_id, asked_at__gt=now - links.CONFIRM_WITHIN).first()


def standing(row: AnswerConfirmation) -> Outcome:
    """What the link's page says before anything is pressed."""
    if row.confirmed_at is not None or row.response.status != Status.WAITING:
        return Outcome.CONFIRMED
    others = AnswerConfirmation.objects.filter(
        survey_id=row.survey_id, address_hash=row.address_hash, confirmed_at__isnull=False
    )
    if others.exists():
        return Outcome.TAKEN
    return Outcome.LATE if row.survey.state == State.PUBLISHED else Outcome.ASKED


@transaction.atomic
def confirm(*, confirmation_id: UUID, now: datetime) -> Outcome:
    """Let the answer count, as a flagged one where it was flagged, and publish that it came. Again changes nothing.

    One given in time may be confirmed after closing, until the results are published. Raises
    ``AnswerConfirmation.DoesNotExist``.
    """
    locked = AnswerConfirmation.objects.select_for_update(of=("self",)).select_related("survey")
    row = locked.get(pk=confirmation_id)
    row.response = Response.objects.select_for_update(of=("self",)).select_related("survey").get(pk=row.response_id)
    outcome = standing(row)
    if outcome is not Outcome.ASKED:
        return outcome
    if not proving.settle(row, now):
        return Outcome.TAKEN
    answering.count_now(row.response, now)
    return Outcome.CONFIRMED


def mail_waiting(*, workspace_id: UUID) -> int:
    """Mail the links that wait, each in a transaction that forgets the address; returns how many were sent.

    What the mail server cannot take now waits for the next call, as long as the link would work; a link to an address
    that it refuses for good goes. Call it outside any scope.
    """
    with workspace_scope(workspace_id):
        found = list(AnswerConfirmation.objects.exclude(email="").values_list("pk", flat=True)[:_AT_ONCE])
    sent = 0
    for pk in found:
        try:
            with workspace_scope(workspace_id), transaction.atomic():
                sent += _mail_one(pk)
        except SMTPRecipientsRefused as error:
            if all(code >= _FOR_GOOD for code, _answer in error.recipients.values()):
                with workspace_scope(workspace_id):
                    AnswerConfirmation.objects.filter(pk=pk).delete()
        except OSError as error:  # smtplib's errors are among them
            log.warning("confirmation not mailed", link=str(pk), problem=type(error).__name__)
    return sent


def _mail_one(pk: UUID) -> int:
    free = AnswerConfirmation.objects.select_for_update(skip_locked=True, of=("self",)).select_related("survey")
    row = free.exclude(email="").filter(pk=pk).first()
    if row is None:
        return 0
    address, row.email = row.email, ""
    row.save(update_fields=["email"])
    mail.send_answer_confirmation(row, address)
    return 1
