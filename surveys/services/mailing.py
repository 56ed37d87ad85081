"""Mailing invitations and reminders: never twice, whatever is killed.

Each mail is claimed in a transaction of its own, then sent, then marked. A worker that dies between sending and marking
leaves a claim that nobody takes again: whether that mail left is not known, so it counts as failed and says so, and a
host may send it once more. The other choice, mailing again when in doubt, would mail customers twice.
"""

from __future__ import annotations

import smtplib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Any
from uuid import UUID

import structlog
from django.core.mail import get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db.models import Case, F, Q, QuerySet, Value, When

from accounts.models import Workspace
from csplatform.core import audit
from csplatform.core.tenancy import current_workspace_id, workspace_scope
from surveys.invitation_mail import invitation_message
from surveys.models import HeldBack, SendState, State, Suppression, SurveyInvitation
from surveys.services import suppressing

AT_ONCE = 500
CLAIM_HOLDS = timedelta(minutes=15)
"""Longer than a task may run: a claim older than this has lost its worker."""
INTERRUPTED = "interrupted"
_ATTEMPTS = 8
_FIRST_WAIT = timedelta(minutes=5)
_FOR_GOOD = 500  # SMTP reply codes from here on: trying again is of no use
_SERVER = audit.Actor(label="mail server")
Clock = Callable[[], datetime]

log = structlog.get_logger()


class Fate(Enum):
    """What became of a mail handed to the mail server."""

    TAKEN = auto()
    LATER = auto()  # surely not taken
    REFUSED = auto()  # the address is refused for good
    UNKNOWN = auto()  # the line broke: it may have been taken


@dataclass(frozen=True, slots=True)
class Delivery:
    fate: Fate
    words: str = ""


def mail_due(*, workspace_id: UUID, clock: Clock, most: int = AT_ONCE) -> int:
    """Mail what is due in a workspace, invitations before reminders; returns how many were mailed.

    Call it outside any scope. While the mail server cannot be reached, everything waits.
    """
    with workspace_scope(workspace_id):
        _give_up_lost_claims(clock())
        if not (_due(clock()).exists() or _reminders_due(clock()).exists()):
            return 0
    connection = get_connection()
    try:
        connection.open()
    except OSError as error:
        log.warning("the mail server cannot be reached", problem=type(error).__name__)
        return 0
    sent = 0
    try:
        for claim, settle in ((_claim, _settle), (_claim_reminder, _settle_reminder)):
            while sent < most:
                with workspace_scope(workspace_id):
                    invitation = claim(clock())
                if invitation is None:
                    break
                delivery = _deliver(invitation, connection, is_reminder=claim is _claim_reminder)
                with workspace_scope(workspace_id):
                    settle(invitation, delivery, clock())
                sent += delivery.fate is Fate.TAKEN
                if delivery.fate in (Fate.LATER, Fate.UNKNOWN):
                    return sent  # the next call tries again
    finally:
        connection.close()
    return sent


def send_again(*, survey_id: UUID, actor: audit.Actor, now: datetime) -> int:
    """Mail once more whatever failed for this survey, also where a mail may have arrived; returns how many."""
    failed = SurveyInvitation.objects.filter(survey_id=survey_id, state=SendState.FAILED)
    subject = failed.select_related("survey").first()
    count = failed.update(state=SendState.WAITING, reason="", due_at=now, attempts=0, claimed_at=None)
    if subject is not None:
        data = {"count": count}
        audit.record(actor=actor, action="survey.sent_again", subject=subject.survey, data=data, now=now)
    return count


def _due(now: datetime) -> QuerySet[SurveyInvitation]:
    return SurveyInvitation.objects.filter(state=SendState.WAITING, due_at__lte=now)


def _reminders_due(now: datetime) -> QuerySet[SurveyInvitation]:
    return SurveyInvitation.objects.filter(state=SendState.SENT, remind_at__lte=now)


def _next(rows: QuerySet[SurveyInvitation]) -> SurveyInvitation | None:
    locked = rows.select_for_update(skip_locked=True, of=("self",), no_key=True)
    found: SurveyInvitation | None = locked.select_related("survey", "dispatch", "contact").first()
    return found


def _claim(now: datetime) -> SurveyInvitation | None:
    """The next to be mailed, claimed. Those whose survey has closed or who want no mail by now are held back."""
    while invitation := _next(_due(now).order_by("due_at", "id")):
        if reason := _hindrance(invitation, now):
            _update(invitation, state=SendState.HELD_BACK, reason=reason)
            continue
        _update(invitation, state=SendState.SENDING, claimed_at=now)
        return invitation
    return None


def _claim_reminder(now: datetime) -> SurveyInvitation | None:
    while invitation := _next(_reminders_due(now).order_by("remind_at", "id")):
        if _hindrance(invitation, now):
            _update(invitation, remind_at=None)
            continue
        _update(invitation, remind_at=None, reminded_at=now)
        return invitation
    return None


def _hindrance(invitation: SurveyInvitation, now: datetime) -> str:
    survey = invitation.survey
    if survey.state != State.OPEN or (survey.closes_at is not None and survey.closes_at <= now):
        return HeldBack.CLOSED
    suppressed = Suppression.objects.filter(email=invitation.email).exists()
    return HeldBack.SUPPRESSED if suppressed else ""


def _update(invitation: SurveyInvitation, **values: Any) -> None:
    SurveyInvitation.objects.filter(pk=invitation.pk).update(**values)


def _deliver(invitation: SurveyInvitation, connection: BaseEmailBackend, *, is_reminder: bool) -> Delivery:
    with workspace_scope(invitation.workspace_id):
        house = Workspace.objects.values_list("name", flat=True).get(pk=current_workspace_id())
    message = invitation_message(invitation, house=house, is_reminder=is_reminder, connection=connection)
    try:
        message.send()
    except smtplib.SMTPRecipientsRefused as error:
        codes = [(code, _words(text)) for code, text in error.recipients.values()]
        for_good = all(code >= _FOR_GOOD for code, _text in codes)
        return Delivery(Fate.REFUSED if for_good else Fate.LATER, codes[0][1] if codes else "")
    except smtplib.SMTPResponseException as error:
        return Delivery(Fate.LATER, f"{error.smtp_code} {_words(error.smtp_error)}")
    except OSError as error:  # the line broke in the middle
        return Delivery(Fate.UNKNOWN, type(error).__name__)
    return Delivery(Fate.TAKEN)


def _words(text: bytes | str) -> str:
    return (text.decode(errors="replace") if isinstance(text, bytes) else text).replace("\0", "")[:190]


def _settle(invitation: SurveyInvitation, delivery: Delivery, now: datetime) -> None:
    mine = SurveyInvitation.objects.filter(pk=invitation.pk)
    if delivery.fate is Fate.TAKEN:
        days = invitation.dispatch.remind_after_days if invitation.dispatch else None
        # Who has answered before we came to mark it stays answered.
        state = Case(When(Q(state=SendState.SENDING), then=Value(SendState.SENT.value)), default=F("state"))
        mine.update(state=state, sent_at=now, remind_at=now + timedelta(days=days) if days else None)
    elif delivery.fate is Fate.REFUSED:
        mine.update(state=SendState.BOUNCED, reason=delivery.words[:200])
        suppressing.suppress(email=invitation.email, reason="bounced", actor=_SERVER, now=now)
    elif delivery.fate is Fate.UNKNOWN:
        mine.update(state=SendState.FAILED, reason=INTERRUPTED, sent_at=now)
    elif invitation.attempts + 1 >= _ATTEMPTS:
        mine.update(state=SendState.FAILED, reason=delivery.words[:200])
    else:
        wait = _FIRST_WAIT * 2**invitation.attempts
        mine.update(state=SendState.WAITING, attempts=F("attempts") + 1, due_at=now + wait, claimed_at=None)


def _settle_reminder(invitation: SurveyInvitation, delivery: Delivery, now: datetime) -> None:
    mine = SurveyInvitation.objects.filter(pk=invitation.pk)
    if delivery.fate is Fate.LATER:
        mine.update(reminded_at=None, remind_at=now + _FIRST_WAIT)
    elif delivery.fate is Fate.REFUSED:
        suppressing.report_bounce(email=invitation.email, kind="hard", detail=delivery.words, actor=_SERVER, now=now)


def _give_up_lost_claims(now: datetime) -> None:
    lost = SurveyInvitation.objects.filter(state=SendState.SENDING, claimed_at__lte=now - CLAIM_HOLDS)
    # It may have arrived, so it counts as asked.
    lost.update(state=SendState.FAILED, reason=INTERRUPTED, sent_at=F("claimed_at"))
