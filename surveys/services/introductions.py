"""Bringing people with the same challenge together: a host proposes, each guest is asked, those who agree get each
other's address.

The rows come first; the mails follow from them by a task, which makes each link's token, keeps its hash and sends it.
So a lost broker loses no request, and no token waits in a queue. An introduction is made once: when everybody has
answered, or a week after asking, if at least two agree.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

import structlog
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext as _

from csplatform.core import audit
from csplatform.core.tenancy import workspace_scope
from surveys import mail
from surveys.models import Consent, Introduction, IntroductionGuest, OptIn, Suppression
from surveys.services.lifecycle import locked

FEWEST, MOST = 2, 8
MAX_NOTE = 2_000
PATIENCE = timedelta(days=7)
_AT_ONCE = 100

log = structlog.get_logger()


@transaction.atomic
def propose(
    *, survey_id: UUID, opt_in_ids: Iterable[UUID], note: str, actor: audit.Actor, now: datetime
) -> Introduction:
    """Ask these people whether they want to be introduced to each other.

    Raises ``Survey.DoesNotExist``; ``ValidationError`` by field: too few or too many, not the same challenge, somebody
    who did not ask for it or wants no mail, somebody who is being asked already, a note that is missing or too long.
    """
    survey = locked(survey_id)
    guests = list(
        OptIn.objects.select_for_update().filter(
            survey=survey, pk__in=list(opt_in_ids), wants_peers=True, challenge__isnull=False
        )
    )
    _check(guests, note)
    introduction = Introduction.objects.create(
        workspace_id=survey.workspace_id,
        survey=survey,
        challenge=guests[0].challenge or 0,
        note=note.strip(),
        by_label=actor.label[:200],
        created_at=now,
    )
    IntroductionGuest.objects.bulk_create(
        IntroductionGuest(
            workspace_id=survey.workspace_id, introduction=introduction, opt_in=guest, token_hash=_fresh_token()[1]
        )
        for guest in guests
    )
    data = {"introduction": str(introduction.pk), "guests": len(guests)}
    audit.record(actor=actor, action="survey.introduction_proposed", subject=survey, data=data, now=now)
    _mail_soon(survey.workspace_id)
    return introduction


def _check(guests: list[OptIn], note: str) -> None:
    if not FEWEST <= len(guests) <= MOST:
        told = {"fewest": FEWEST, "most": MOST}
        raise ValidationError({"guest": _("Choose %(fewest)d to %(most)d people who asked for it.") % told})
    if len({guest.challenge for guest in guests}) > 1:
        raise ValidationError({"guest": _("Choose people with the same challenge.")})
    if not note.strip() or len(note) > MAX_NOTE or "\0" in note:
        raise ValidationError({"note": _("Write why you bring them together, in at most 2,000 characters.")})
    silent = Suppression.objects.filter(email__in=[guest.email for guest in guests]).values_list("email", flat=True)
    if silent:
        raise ValidationError({"guest": _("Wants no more mail: %(emails)s") % {"emails": ", ".join(sorted(silent))}})
    pending = IntroductionGuest.objects.filter(
        opt_in__in=guests, consent=Consent.ASKED, introduction__made_at__isnull=True
    ).values_list("opt_in__email", flat=True)
    if pending:
        told_emails = {"emails": ", ".join(sorted(set(pending)))}
        raise ValidationError({"guest": _("Is being asked already and has not answered: %(emails)s") % told_emails})


def guest_of(*, survey_id: UUID, token: str) -> IntroductionGuest | None:
    """The guest whose link holds ``token``."""
    found = IntroductionGuest.objects.select_related("introduction__survey", "opt_in")
    return found.filter(token_hash=_hash(token), introduction__survey_id=survey_id).first()


@transaction.atomic
def answer(*, guest_id: UUID, agrees: bool, now: datetime) -> IntroductionGuest:
    """What a guest says. It may be changed until the introduction is made; afterwards it changes nothing.

    Raises ``IntroductionGuest.DoesNotExist``.
    """
    guest = IntroductionGuest.objects.select_related("introduction", "opt_in").get(pk=guest_id)
    introduction = Introduction.objects.select_for_update(of=("self",)).get(pk=guest.introduction_id)
    if introduction.made_at is not None:
        return guest
    guest.consent, guest.answered_at = Consent.AGREED if agrees else Consent.DECLINED, now
    guest.save(update_fields=["consent", "answered_at"])
    _mail_soon(guest.workspace_id)
    return guest


def mail_waiting(*, workspace_id: UUID, now: datetime) -> int:
    """Send what waits: questions not yet asked, and introductions that are due. Returns how many mails were sent.

    A transaction each, so that a mail once sent is remembered whatever befalls the next; what the mail server cannot
    take now waits for the next call. Call it outside any scope.
    """
    with workspace_scope(workspace_id):
        guests = list(_unasked().values_list("pk", flat=True)[:_AT_ONCE])
        due = list(_due(now).values_list("pk", flat=True)[:_AT_ONCE])
    sent = 0
    for send, pk in [*((_ask, pk) for pk in guests), *((_introduce, pk) for pk in due)]:
        try:
            with workspace_scope(workspace_id):
                sent += send(pk, now)
        except OSError as error:  # smtplib's errors are among them
            log.warning("introduction not mailed", record=str(pk), problem=type(error).__name__)
    return sent


def _unasked() -> QuerySet[IntroductionGuest]:
    return IntroductionGuest.objects.filter(mailed_at__isnull=True, introduction__made_at__isnull=True).order_by("pk")


def _due(now: datetime) -> QuerySet[Introduction]:
    """Introductions with enough consent, once everybody has answered or the time is up."""
    counted = Introduction.objects.filter(made_at__isnull=True).annotate(
        agreed=Count("guests", filter=Q(guests__consent=Consent.AGREED)),
        silent=Count("guests", filter=Q(guests__consent=Consent.ASKED)),
    )
    over = Q(silent=0) | Q(created_at__lte=now - PATIENCE)
    return counted.filter(over, agreed__gte=FEWEST).order_by("pk")


def _ask(pk: UUID, now: datetime) -> int:
    locked_rows = _unasked().select_for_update(skip_locked=True, of=("self",))
    guest = locked_rows.select_related("introduction__survey", "opt_in").filter(pk=pk).first()
    if guest is None:
        return 0
    token, guest.token_hash = _fresh_token()
    guest.mailed_at = now
    guest.save(update_fields=["token_hash", "mailed_at"])
    mail.send_introduction_request(guest, token)
    return 1


def _introduce(pk: UUID, now: datetime) -> int:
    introduction = Introduction.objects.select_for_update(skip_locked=True, of=("self",)).filter(pk=pk).first()
    if introduction is None or introduction.made_at is not None:
        return 0
    agreed = IntroductionGuest.objects.filter(introduction=introduction, consent=Consent.AGREED)
    guests = list(agreed.select_related("opt_in").order_by("pk"))
    introduction.made_at = now
    introduction.save(update_fields=["made_at"])
    mail.send_introduction(introduction, [guest.opt_in for guest in guests])
    data = {"introduction": str(pk), "guests": len(guests)}
    audit.record(actor=audit.SYSTEM, action="survey.introduction_made", subject=introduction.survey, data=data, now=now)
    return 1


def _mail_soon(workspace_id: UUID) -> None:
    from surveys.tasks import mail_introductions  # tasks import services

    transaction.on_commit(partial(mail_introductions.delay, str(workspace_id)), robust=True)


def _fresh_token() -> tuple[str, str]:
    token = secrets.token_urlsafe(24)
    return token, _hash(token)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
