"""What people ask for beside their answer: the results by mail, the next invitation, an introduction to peers.

Anybody can type anybody's address. So a wish is a request first, and has no effect until the mailbox's owner confirms
it on the page behind a mailed link. The rows come first and the mails follow from them by a task, so that a lost broker
loses no request. Nothing the asker sees tells whether an address is known here.
"""

from __future__ import annotations

from datetime import date, datetime
from functools import partial
from smtplib import SMTPRecipientsRefused
from typing import Any
from uuid import UUID

import structlog
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from csplatform.core.tenancy import workspace_scope
from surveys import links, mail
from surveys.models import OTHER, OptIn, OptInRequest, RequestState, SuppressionReason, Survey
from surveys.services import suppressing
from surveys.services.suppressing import checked_address

MOST_PENDING = 3
"""Unconfirmed requests of a workspace for one address: nobody gets more mails he did not ask for, whoever types it."""
WISHES = ("wants_results", "wants_next", "wants_peers")
_PENDING = (RequestState.WAITING, RequestState.MAILED)
_AT_ONCE = 100
_FOR_GOOD = 500  # SMTP reply codes from here on: trying again is of no use

log = structlog.get_logger()


@transaction.atomic
def ask(
    *,
    survey: Survey,
    email: str,
    wants_results: bool,
    wants_next: bool,
    wants_peers: bool,
    challenge: int | None,
    language: str,
    now: datetime,
) -> None:
    """Remember the wishes for a week, and mail the address a link by which its owner confirms them.

    ``challenge``: the option number of the first choice, kept only with ``wants_peers``. An address that wants no
    survey mail, and one that has ``MOST_PENDING`` requests to confirm, gets no mail and nothing is kept; the caller
    cannot tell. Raises ``ValidationError`` by field for no wish and for what is no address.
    """
    if not (wants_results or wants_next or wants_peers):
        raise ValidationError({"wishes": _("Tick at least one of the three, or leave without: your answer counts.")})
    try:
        address = checked_address(email)
    except ValidationError:
        raise ValidationError({"email": _("This is not a whole e-mail address. Your ticks are kept.")}) from None
    pending = OptInRequest.objects.filter(email=address, state__in=_PENDING).count()
    if pending >= MOST_PENDING or suppressing.is_suppressed(address):
        return
    OptInRequest.objects.create(
        workspace_id=survey.workspace_id,
        survey=survey,
        email=address,
        language=language[:5],
        wants_results=wants_results,
        wants_next=wants_next,
        wants_peers=wants_peers,
        challenge=challenge if wants_peers and challenge != OTHER else None,
        asked_on=now.date(),
    )
    _mail_soon(survey.workspace_id)


def request_of(*, survey: Survey, request_id: UUID, today: date) -> OptInRequest | None:
    """The request of a link, while it lives."""
    alive = OptInRequest.objects.filter(asked_on__gte=today - links.CONFIRM_WITHIN)
    return alive.select_related("survey").filter(survey=survey, pk=request_id).first()


@transaction.atomic
def confirm(*, request_id: UUID, now: datetime) -> OptInRequest:
    """The mailbox's owner wants it: the wishes have effect from now on. Again, or after declining, changes nothing.

    Raises ``OptInRequest.DoesNotExist``, also once its week is over.
    """
    request = _locked(request_id, now)
    if request.state in _PENDING:
        keep(
            survey=request.survey,
            email=request.email,
            wishes={wish: getattr(request, wish) for wish in WISHES},
            challenge=request.challenge,
            language=request.language,
            confirmed_on=now.date(),
        )
        _settle(request, RequestState.CONFIRMED)
    return request


@transaction.atomic
def decline(*, request_id: UUID, now: datetime) -> OptInRequest:
    """The mailbox's owner asked for nothing: nothing is kept but that this address wants no survey mail.

    Raises ``OptInRequest.DoesNotExist``. After confirming it changes nothing.
    """
    request = _locked(request_id, now)
    if request.state in _PENDING:
        reason, recipient = SuppressionReason.UNSUBSCRIBED, suppressing.RECIPIENT
        suppressing.suppress(email=request.email, reason=reason, actor=recipient, now=now)
        OptInRequest.objects.filter(email=request.email, state__in=_PENDING).exclude(pk=request.pk).delete()
        _settle(request, RequestState.DECLINED)
    return request


def keep(
    *,
    survey: Survey,
    email: str,
    wishes: dict[str, bool],
    challenge: int | None,
    language: str,
    confirmed_on: date,
) -> OptIn:
    """Keep an address whose owner has agreed, and what it may be used for; with an earlier row the wishes add up."""
    with transaction.atomic():
        row = OptIn.objects.select_for_update().filter(survey=survey, email=email).first()
        row = row or OptIn(workspace_id=survey.workspace_id, survey=survey, email=email, given_on=confirmed_on)
        row.language, row.confirmed_on = language[:5], confirmed_on
        for wish in WISHES:
            setattr(row, wish, getattr(row, wish) or wishes.get(wish, False))
        if wishes.get("wants_peers") and challenge not in (None, OTHER):
            row.challenge = challenge
        row.save()
    return row


def forget_unconfirmed(*, today: date) -> int:
    """Delete requests whose week is over, confirmed ones (blank by then) included; returns how many went."""
    return OptInRequest.objects.filter(asked_on__lt=today - links.CONFIRM_WITHIN).delete()[0]


def mail_waiting(*, workspace_id: UUID) -> int:
    """Mail the links that wait; returns how many mails were sent.

    A transaction each, so that a mail once sent is remembered whatever befalls the next. What the mail server cannot
    take now waits for the next call; an address it refuses for good goes with its request. Call it outside any scope.
    """
    with workspace_scope(workspace_id):
        found = list(OptInRequest.objects.filter(state=RequestState.WAITING).values_list("pk", flat=True)[:_AT_ONCE])
    sent = 0
    for request_id in found:
        try:
            with workspace_scope(workspace_id), transaction.atomic():
                sent += _mail_one(request_id)
        except SMTPRecipientsRefused as error:
            if all(code >= _FOR_GOOD for code, _answer in error.recipients.values()):
                with workspace_scope(workspace_id):
                    OptInRequest.objects.filter(pk=request_id).delete()
        except OSError as error:  # smtplib's errors are among them
            log.warning("confirmation not mailed", request=str(request_id), problem=type(error).__name__)
    return sent


def _mail_one(request_id: UUID) -> int:
    free = OptInRequest.objects.select_for_update(skip_locked=True, of=("self",)).select_related("survey")
    request = free.filter(pk=request_id, state=RequestState.WAITING).first()
    if request is None:
        return 0
    request.state = RequestState.MAILED
    request.save(update_fields=["state"])
    mail.send_opt_in_confirmation(request)
    return 1


def _locked(request_id: UUID, now: datetime) -> OptInRequest:
    alive = OptInRequest.objects.filter(asked_on__gte=now.date() - links.CONFIRM_WITHIN)
    return alive.select_for_update(of=("self",)).select_related("survey").get(pk=request_id)


def _settle(request: OptInRequest, state: RequestState) -> None:
    """Blank what was asked: from now on only that it was settled is known."""
    blank: dict[str, Any] = {**dict.fromkeys(WISHES, False), "email": "", "challenge": None, "state": state}
    for name, value in blank.items():
        setattr(request, name, value)
    request.save(update_fields=list(blank))


def _mail_soon(workspace_id: UUID) -> None:
    from surveys.tasks import mail_confirmations  # tasks import services

    transaction.on_commit(partial(mail_confirmations.delay, str(workspace_id)), robust=True)
