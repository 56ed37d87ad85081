"""Answers: given, looked at, changed until closing, erased at any time – by whoever holds the receipt code.

No line of the audit trail tells of what respondents do: it would name the moment and the answer for longer than the
answer lives, and nobody is signed in whom it could name. The answer is its own record.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import extensions
from accounts.models import Contact, Customer
from csplatform.core import audit, outbox, rows
from surveys import ballots, receipts
from surveys.models import (
    OTHER,
    Audience,
    Channel,
    Erasure,
    Response,
    SendState,
    State,
    Status,
    Survey,
    SurveyInvitation,
)
from surveys.selectors.public import Asked, asked_by
from surveys.services import proving, publishing, suppressing
from surveys.services.ballot_messages import as_validation_error
from surveys.stats.scores import group_of

MAX_KEY = 64


class SurveyClosedError(Exception):
    """The survey takes no answers now. ``survey`` tells since when or from when."""

    def __init__(self, survey: Survey) -> None:
        super().__init__(survey.slug)
        self.survey = survey


class BallotRefusedError(ValidationError):
    """Faults by field, in words; ``kept`` are the raw values that can stay in the form."""

    def __init__(self, faults: ValidationError, kept: Mapping[str, Any]) -> None:
        super().__init__(faults.message_dict)
        self.kept = dict(kept)


class NotInvitedError(Exception):
    """The survey is for own customers, and nobody knows who sends this answer."""


@dataclass(frozen=True, slots=True)
class Submitted:
    """``created`` is false where the same submission had arrived before: it is counted once."""

    response: Response
    receipt_code: str
    created: bool


def is_open(survey: Survey, now: datetime) -> bool:
    """Whether answers count at ``now``; a closing time that has passed closes, also before the scheduler says so."""
    return survey.state == State.OPEN and (survey.closes_at is None or now < survey.closes_at)


def is_for_the_invited(survey: Survey) -> bool:
    """Whether only personal links answer it: its figures are read as those of known customers."""
    return survey.audience == Audience.CUSTOMERS


def submit(
    *,
    survey: Survey,
    raw: Mapping[str, Any],
    now: datetime,
    channel: str = Channel.LINK,
    submission_key: str,
    language: str,
    sender: str | None,
    flags: Sequence[str] = (),
    shown_order: Sequence[int] = (),
    invitation: SurveyInvitation | None = None,
    contact: Contact | None = None,
    customer: Customer | None = None,
    is_test: bool = False,
) -> Submitted:
    """Count an answer once, whatever is retried: ``submission_key`` (at most 64 signs) names it within the survey.

    ``raw`` as in ``surveys.ballots``; ``shown_order``: option numbers as this person saw them; ``sender``: the
    network address, of which a keyed hash is kept. A flagged answer counts. Where the survey asks to confirm addresses,
    ``raw`` holds ``email``, and the answer waits until that is confirmed. Test answers are taken in any state and
    publish nothing. An answer from a public page to a survey for own customers needs a personal link; over REST the
    key's owner vouches for it. Raises ``BallotRefusedError`` (a ``ValidationError`` by field), ``NotInvitedError`` and
    ``SurveyClosedError``.
    """
    key = _checked_key(submission_key)
    code = receipts.make(settings.SECRET_KEY, str(survey.pk), key)
    if not is_test and not is_open(survey, now):
        if before := earlier(survey=survey, submission_key=key):
            return Submitted(before, code, created=False)
        raise SurveyClosedError(survey)
    is_known = is_test or channel == Channel.API or any((invitation, contact, customer))
    if is_for_the_invited(survey) and not is_known:
        raise NotInvitedError
    asked = asked_by(survey)
    if invitation is not None:
        contact, customer = contact or invitation.contact, customer or invitation.customer
    proof = _proof(survey, raw, invitation, contact, customer) if survey.confirm_by_email and not is_test else None
    ballot = _parsed(raw, survey, asked, language, fault=proof.fault if proof else "")
    response = Response(
        workspace_id=survey.workspace_id,
        survey=survey,
        status=Status.WAITING if proof else _counting(flags),
        flags=sorted(set(flags)),
        is_test=is_test,
        shown_order=[number for number in shown_order if number in asked.options],
        language=language[:5],
        channel=channel,
        contact=contact,
        customer=customer,
        submission_key=key,
        receipt_hash=receipts.digest(settings.SECRET_KEY, str(survey.pk), code),
        sender_hash=receipts.sender_digest(settings.SECRET_KEY, str(survey.pk), sender) if sender else "",
        occurred_at=now,
        known_at=now,
        **_columns(ballot),
    )
    if not rows.insert(response, once_by=("survey_id", "submission_key")):
        return Submitted(Response.objects.get(survey=survey, submission_key=key), code, created=False)
    if invitation is not None:
        SurveyInvitation.objects.filter(pk=invitation.pk).update(state=SendState.ANSWERED, answered_at=now)
    if proof and not (proof.is_known and _is_only_one(response, proof.address, now)):
        if not proof.is_known:
            proving.ask(response=response, address=proof.address, language=language, now=now)
        return Submitted(response, code, created=True)
    if proof:
        count_now(response, now)
    elif not is_test:
        _publish("survey.response_received", response, now)
    return Submitted(response, code, created=True)


@dataclass(frozen=True, slots=True)
class _Proof:
    """The address that one answer is given with. ``is_known``: it needs no mail, because we know whose it is."""

    address: str
    is_known: bool
    fault: str = ""


def _proof(
    survey: Survey,
    raw: Mapping[str, Any],
    invitation: SurveyInvitation | None,
    contact: Contact | None,
    customer: Customer | None,
) -> _Proof:
    """Personal links have proved their address; over REST the key's owner knows who answers. Others type theirs."""
    if invitation is not None:
        return _Proof(invitation.email.lower(), is_known=True)
    if contact is not None or customer is not None:
        return _Proof(contact.email.lower() if contact else "", is_known=True)
    try:
        return _Proof(suppressing.checked_address(str(raw.get("email", ""))), is_known=False)
    except ValidationError:
        fault = _("This survey counts one answer for each e-mail address: type your whole address.")
        return _Proof("", is_known=False, fault=fault)


def _is_only_one(response: Response, address: str, now: datetime) -> bool:
    """Whether nobody has answered with this address before; without an address nothing can be compared."""
    return not address or proving.take(response=response, address=address, now=now)


def count_now(response: Response, now: datetime) -> None:
    """Let an answer count that waited for its author, and publish that it came. Call it with the answer locked."""
    response.status = _counting(response.flags)
    Response.objects.filter(pk=response.pk).update(status=response.status)
    _publish("survey.response_received", response, now)


def _counting(flags: Sequence[str]) -> Status:
    return Status.FLAGGED if flags else Status.COUNTED


def _publish(name: str, response: Response, now: datetime) -> None:
    """Tell of an answer by ids and numbers; of a customer's with what rules ask for, so that they need no look-up."""
    payload: dict[str, Any] = {"survey_id": str(response.survey_id), "response_id": str(response.pk)}
    if response.customer_id is not None:
        kind = response.survey.kind
        payload |= {"customer_id": str(response.customer_id), "kind": kind}
        if response.score is not None:
            payload |= {"score": response.score, "group": group_of(kind, response.score)}
        if response.contact_id is not None:
            payload["contact_id"] = str(response.contact_id)
    outbox.publish(workspace_id=response.workspace_id, name=name, payload=payload, now=now)
    tell_of_scores([response], now)


def tell_of_scores(responses: Iterable[Response], now: datetime) -> None:
    """Say in the same transaction that what is known of these customers' scores has changed, so that health follows."""
    customers = {row.customer_id for row in responses if row.customer_id and row.score is not None and not row.is_test}
    if customers:
        extensions.notify_changed(sorted(customers), now)


def _checked_key(key: str) -> str:
    if not key or len(key) > MAX_KEY or not key.isprintable():
        raise ValidationError({"submission_key": _("Expected 1 to 64 printable signs.")})
    return key


def earlier(*, survey: Survey, submission_key: str) -> Response | None:
    """The answer this submission has made, unless it is erased."""
    return Response.objects.filter(survey=survey, submission_key=submission_key).first()


def _parsed(
    raw: Mapping[str, Any], survey: Survey, asked: Asked, language: str, held: Sequence[int] = (), fault: str = ""
) -> ballots.Ballot:
    """The ballot; ``fault``: what is wrong with the address beside it, told together with the ballot's own faults."""
    told, kept = {"email": [fault]} if fault else {}, raw
    try:
        ballot = ballots.parse(raw, asked.definition, held=held)
    except ballots.Refused as refused:
        told |= as_validation_error(refused.faults, survey, asked, language).message_dict
        kept = refused.kept
    if told:
        raise BallotRefusedError(ValidationError(told), kept)
    return ballot


def _columns(ballot: ballots.Ballot) -> dict[str, Any]:
    return {
        "choices": list(ballot.choices),
        "other_text": ballot.other_text,
        "may_quote": ballot.may_quote,
        "segments": dict(ballot.segments),
        "answers": dict(ballot.answers),
        "score": ballot.score,
    }


def find(*, survey: Survey, receipt_code: str) -> Response | None:
    """The answer the code belongs to; None for a code that is mistyped, of another survey, or erased."""
    code = receipts.normal(receipt_code)
    if code is None:
        return None
    digest = receipts.digest(settings.SECRET_KEY, str(survey.pk), code)
    return Response.objects.filter(survey=survey, receipt_hash=digest).first()


def as_raw(response: Response) -> dict[str, Any]:
    """The answer in the form's own field names, to be shown again."""
    asked = asked_by(response.survey)
    keys = {number: option.key for number, option in asked.options.items()} | {OTHER: ballots.OTHER_KEY}
    raw: dict[str, Any] = {f"choice_{n}": keys[number] for n, number in enumerate(response.choices, 1)}
    raw |= {f"segment_{key}": value for key, value in response.segments.items()}
    raw |= {f"answer_{key}": value for key, value in response.answers.items()}
    if response.score is not None:
        raw["score"] = response.score
    return {**raw, "other": response.other_text, "may_quote": response.may_quote}


def change(*, survey: Survey, receipt_code: str, raw: Mapping[str, Any], now: datetime) -> Response:
    """Put ``raw`` in the place of the answer the code belongs to; says so with ``changed_at``.

    What hosts had made of replaced own words is taken back. Raises ``Response.DoesNotExist``, ``SurveyClosedError``
    and ``BallotRefusedError``.
    """
    found = _locked(survey, receipt_code)
    if not found.is_test and not is_open(survey, now):
        raise SurveyClosedError(survey)
    ballot = _parsed(raw, survey, asked_by(survey), found.language, held=found.choices)
    columns = _columns(ballot)
    if all(getattr(found, name) == value for name, value in columns.items()):
        return found
    if found.other_text != ballot.other_text:
        found.other_option = None
        found.codings.all().delete()
    for name, value in columns.items():
        setattr(found, name, value)
    found.changed_at = now
    found.save(update_fields=[*columns, "other_option", "changed_at"])
    if not found.is_test and found.status != Status.WAITING:
        _publish("survey.response_changed", found, now)
    return found


def erase(*, survey: Survey, receipt_code: str, now: datetime) -> None:
    """Delete the answer the code belongs to, at any time; that one was erased, and the day, stays on record.

    Raises ``Response.DoesNotExist``.
    """
    _erase(_locked(survey, receipt_code), now)


def erase_known(*, response_id: UUID, actor: audit.Actor, now: datetime) -> None:
    """The same for somebody who asked the hosts, who know the answer; the audit trail says that, not which answer.

    Raises ``Response.DoesNotExist``.
    """
    found = Response.objects.select_for_update(of=("self",), no_key=True).select_related("survey").get(pk=response_id)
    _erase(found, now)
    audit.record(actor=actor, action="survey.answer_erased", subject=found.survey, now=now)


def _erase(found: Response, now: datetime) -> None:
    if not found.is_test:
        publishing.withdraw_quote(survey_id=found.survey_id, response_id=found.pk)
        day = timezone.localdate(now, timezone=timezone.get_default_timezone())
        Erasure.objects.create(workspace_id=found.workspace_id, survey_id=found.survey_id, on=day)
        tell_of_scores([found], now)
    found.delete()


def _locked(survey: Survey, receipt_code: str) -> Response:
    code = receipts.normal(receipt_code)
    digest = receipts.digest(settings.SECRET_KEY, str(survey.pk), code or "")
    return Response.objects.select_for_update(of=("self",), no_key=True).get(survey=survey, receipt_hash=digest)
