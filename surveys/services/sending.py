"""Sending a survey: who is invited is written down first; the mails follow from that, see ``mailing``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.translation import gettext as _

from accounts import segments
from accounts.models import Workspace
from csplatform.core import audit, jobs
from csplatform.core.ids import uuid7
from csplatform.core.models import Job, JobState
from csplatform.core.tenancy import current_workspace_id, workspace_scope
from surveys import links
from surveys.models import (
    Addressees,
    Dispatch,
    HeldBack,
    SendState,
    State,
    Survey,
    SurveyInvitation,
)
from surveys.selectors.addressees import (
    REST_DAYS,
    Fate,
    Target,
    addresses_held_back,
    contacts_meant,
)

JOB = "survey_sending"
MOST_ADDRESSES = 5_000
_CHUNK = 1_000
_STALLED_AFTER = timedelta(minutes=2)
_LONGEST_REST = 366
Clock = Callable[[], datetime]


@transaction.atomic
def send(
    *,
    survey_id: UUID,
    target: Target,
    label: str,
    remind_after_days: int | None,
    actor: audit.Actor,
    now: datetime,
) -> Dispatch:
    """Invite the contacts meant by ``target``, one mail each; a job writes the invitations, the mails follow.

    Who was mailed any survey of this workspace within ``target.rest_days``, or wants none, is held back and counted.
    ``label`` says whom in words. Raises ``ValidationError``, ``Survey.DoesNotExist``.
    """
    survey = sendable(survey_id)
    _check(remind_after_days, target.rest_days)
    if target.addressees not in Addressees.values:
        raise ValidationError({"addressees": _("Choose whom at the customers to ask.")})
    if wrong := segments.problems(target.customers):
        raise ValidationError({"customers": [message for _path, message in wrong]})
    dispatch = Dispatch.objects.create(
        workspace_id=survey.workspace_id,
        survey=survey,
        label=label[:200],
        conditions=target.customers.as_json(),
        addressees=target.addressees,
        roles=list(target.roles),
        remind_after_days=remind_after_days,
        rest_days=target.rest_days,
        by_label=actor.label[:200],
        created_at=now,
        job=jobs.create(kind=JOB, now=now, created_by_id=actor.user_id, after=""),
    )
    data = {"dispatch": str(dispatch.pk), "label": label[:200], "addressees": target.addressees}
    audit.record(actor=actor, action="survey.sent", subject=survey, data=data, now=now)
    _fill_soon(dispatch)
    return dispatch


@transaction.atomic
def invite_addresses(
    *,
    survey_id: UUID,
    emails: Iterable[str],
    rest_days: int = REST_DAYS,
    remind_after_days: int | None,
    actor: audit.Actor,
    now: datetime,
) -> Dispatch:
    """Invite these addresses, each once however often it is named. The answers stay apart from any customer.

    Raises ``ValidationError`` naming the lines that are no address; then nobody is invited.
    """
    survey = sendable(survey_id)
    _check(remind_after_days, rest_days)
    addresses = _checked(emails)
    held = addresses_held_back(survey.pk, addresses, rest_days, now)
    dispatch = Dispatch.objects.create(
        workspace_id=survey.workspace_id,
        survey=survey,
        remind_after_days=remind_after_days,
        rest_days=rest_days,
        by_label=actor.label[:200],
        created_at=now,
    )
    language = _language(survey, _house_language())
    rows = [
        _invitation(dispatch, address, held.get(address, Fate.MAIL.value), language, now)
        for address in addresses
        if held.get(address) != Fate.INVITED
    ]
    _store(dispatch, rows, now)
    dispatch.counts = dict(Counter(held.get(address, Fate.MAIL.value) for address in addresses))
    dispatch.save(update_fields=["counts"])
    data = {"dispatch": str(dispatch.pk), "addresses": len(addresses)}
    audit.record(actor=actor, action="survey.sent", subject=survey, data=data, now=now)
    _mail_soon()
    return dispatch


def sendable(survey_id: UUID) -> Survey:
    """The survey, which must be open. Raises ``Survey.DoesNotExist`` and ``ValidationError``."""
    survey = Survey.objects.get(pk=survey_id)
    if survey.state != State.OPEN:
        raise ValidationError(_("Only an open survey can be sent. Open it first; nobody was invited."))
    return survey


def _check(remind_after_days: int | None, rest_days: int) -> None:
    faults = {}
    if remind_after_days is not None and not 1 <= remind_after_days <= 90:
        faults["remind_after_days"] = _("A reminder comes 1 to 90 days after the mail.")
    if not 0 <= rest_days <= _LONGEST_REST:
        faults["rest_days"] = _("Expected 0 to %(n)d days.") % {"n": _LONGEST_REST}
    if faults:
        raise ValidationError(faults)


def _checked(emails: Iterable[str]) -> list[str]:
    found: dict[str, None] = {}
    wrong = []
    for line in emails:
        address = line.strip().lower()
        try:
            validate_email(address)
        except ValidationError:
            wrong.append(line.strip()[:80])
        else:
            found[address] = None
    if wrong:
        named = ", ".join(wrong[:5]) + (" …" if len(wrong) > 5 else "")
        raise ValidationError(
            {"emails": _("These are no e-mail addresses, so nobody was invited: %(lines)s") % {"lines": named}}
        )
    if not found:
        raise ValidationError({"emails": _("Name at least one address.")})
    if len(found) > MOST_ADDRESSES:
        raise ValidationError({"emails": _("At most %(n)d addresses at once.") % {"n": MOST_ADDRESSES}})
    return list(found)


def fill(*, workspace_id: UUID, dispatch_id: UUID, clock: Clock) -> None:
    """Write the invitations of a dispatch, a thousand contacts a transaction. Call it outside any scope.

    Its place in the list is stored with each thousand: a second delivery, or one after a kill, goes on there.
    """
    while True:
        with workspace_scope(workspace_id):
            try:
                if not _fill_some(dispatch_id, clock()):
                    break
            except jobs.JobCancelledError:
                _finish(dispatch_id, JobState.CANCELLED, clock())
                break
    _mail_soon()


def _fill_some(dispatch_id: UUID, now: datetime) -> bool:
    """Whether there may be more."""
    dispatch = (
        Dispatch.objects.select_for_update(of=("self",)).select_related("survey", "job").filter(pk=dispatch_id).first()
    )
    if dispatch is None or dispatch.job is None or dispatch.job.is_finished:
        return False
    if dispatch.survey.state != State.OPEN:
        _finish(dispatch_id, JobState.FAILED, now, _("The survey was closed before everybody was invited."))
        return False
    target = target_of(dispatch)
    everybody = contacts_meant(dispatch.survey_id, target, dispatch.created_at)
    if dispatch.job.started_at is None:
        jobs.start(dispatch.job.pk, total=everybody.count(), now=now)
    after = dispatch.job.params.get("after", "")
    rows = list((everybody.filter(pk__gt=after) if after else everybody).order_by("pk")[:_CHUNK])
    dispatch.counts = dict(Counter(dispatch.counts) + _invite(dispatch, rows, now))
    dispatch.save(update_fields=["counts"])
    if len(rows) < _CHUNK:
        _finish(dispatch_id, JobState.DONE, now)
        return False
    params = {**dispatch.job.params, "after": str(rows[-1].pk)}
    Job.objects.filter(pk=dispatch.job.pk).update(params=params)
    jobs.progress(dispatch.job.pk, done=dispatch.job.done + len(rows), now=now)
    return True


def invite(dispatch: Dispatch, people: Iterable[Any], now: datetime) -> Counter[str]:
    """Invite ``people``, rows of ``contacts_meant``, in the caller's transaction; returns how many met which ``Fate``.

    The mails follow once it is committed.
    """
    counts = _invite(dispatch, people, now)
    _mail_soon()
    return counts


def _invite(dispatch: Dispatch, people: Iterable[Any], now: datetime) -> Counter[str]:
    house = _house_language()
    fates: dict[str, str] = {}
    invitations = []
    nameless = 0
    for contact in people:
        address, fate = contact.address, contact.fate
        if fate == Fate.NO_ADDRESS:
            nameless += 1
        elif address not in fates:
            fates[address] = fate
            if fate != Fate.INVITED:
                told = str((contact.traits or {}).get("language", ""))[:2].lower()
                language = _language(dispatch.survey, told, house)
                row = _invitation(dispatch, address, fate, language, now)
                row.contact_id, row.customer_id = contact.pk, contact.customer_id
                invitations.append(row)
    _store(dispatch, invitations, now)
    return Counter(fates.values()) + Counter({Fate.NO_ADDRESS.value: nameless})


def _finish(dispatch_id: UUID, state: JobState, now: datetime, message: str = "") -> None:
    dispatch = Dispatch.objects.select_related("job").get(pk=dispatch_id)
    assert dispatch.job is not None
    Job.objects.filter(pk=dispatch.job.pk).update(done=sum(dispatch.counts.values()))
    jobs.finish(dispatch.job.pk, state=state, now=now, message=message, result=dispatch.counts)


def target_of(dispatch: Dispatch) -> Target:
    """Whom a dispatch was addressed to."""
    return Target(
        customers=segments.stored(dispatch.conditions),
        addressees=dispatch.addressees,
        roles=tuple(dispatch.roles),
        rest_days=dispatch.rest_days,
    )


def stalled(*, now: datetime) -> list[UUID]:
    """Dispatches of the active workspace whose job nobody has carried on for a while."""
    waiting = Dispatch.objects.filter(job__state__in=(JobState.QUEUED, JobState.RUNNING))
    quiet = now - _STALLED_AFTER
    rows = waiting.exclude(job__heartbeat_at__gt=quiet).filter(created_at__lte=quiet)
    return list(rows.order_by("pk").values_list("pk", flat=True))


def _invitation(dispatch: Dispatch, address: str, fate: str, language: str, now: datetime) -> SurveyInvitation:
    held = {Fate.SUPPRESSED.value: HeldBack.SUPPRESSED, Fate.ASKED_LATELY.value: HeldBack.ASKED_LATELY}.get(fate)
    identity = uuid7()
    return SurveyInvitation(
        id=identity,
        workspace_id=dispatch.workspace_id,
        survey_id=dispatch.survey_id,
        dispatch=dispatch,
        email=address,
        language=language,
        token_hash=links.hash_of(links.token_of(identity)),
        state=SendState.HELD_BACK if held else SendState.WAITING,
        reason=held.value if held else "",
        created_at=now,
        due_at=now,
    )


def _store(dispatch: Dispatch, rows: Sequence[SurveyInvitation], now: datetime) -> None:
    """New invitations; who was held back before and may be asked now waits to be mailed."""
    SurveyInvitation.objects.bulk_create(sorted(rows, key=lambda row: row.email), ignore_conflicts=True)
    free = [row.email for row in rows if row.state == SendState.WAITING]
    before = SurveyInvitation.objects.filter(survey_id=dispatch.survey_id, email__in=free, state=SendState.HELD_BACK)
    before.update(state=SendState.WAITING, reason="", dispatch=dispatch, due_at=now)


def _house_language() -> str:
    return str(Workspace.objects.values_list("locale", flat=True).get(pk=current_workspace_id()))[:2]


def _language(survey: Survey, *wanted: str) -> str:
    """The first of ``wanted`` that the survey speaks, else its first language."""
    return next((code for code in wanted if code in survey.languages), survey.languages[0])


def _fill_soon(dispatch: Dispatch) -> None:
    from surveys.tasks import fill_dispatch

    told: dict[str, Any] = {"workspace_id": str(dispatch.workspace_id), "dispatch_id": str(dispatch.pk)}
    # Robust: without a broker the schedule still carries it on.
    transaction.on_commit(lambda: fill_dispatch.delay(**told), robust=True)


def _mail_soon() -> None:
    from surveys.tasks import mail_invitations

    transaction.on_commit(mail_invitations.delay, robust=True)
