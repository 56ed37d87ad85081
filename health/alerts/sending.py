"""Sending what is due: one mail per person, one message per hook of Slack, whatever has gathered for it.

What is sent is claimed by moving its due date ahead, and no transaction is open while a mail server or Slack takes its
time. A worker that dies in between leaves a claim that runs out: the alert is then sent again, because one heard twice
does less harm than one never heard. A mail that comes again has the message id of the first, unless more has become due
meanwhile, and mailboxes that look at it show one; Slack's hooks know no such id.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from smtplib import SMTPRecipientsRefused
from uuid import UUID

import structlog
from django.db import transaction
from django.utils import translation

from accounts.models import Membership, Workspace
from accounts.webhooks import rules as retrying
from csplatform.core.tenancy import workspace_scope
from health.alerts import mail, slack, words
from health.alerts.words import Line
from health.models import AlertChannel, AlertDelivery, AlertState, SlackHook

CLAIMED_FOR = timedelta(minutes=5)
SHOWN = 25
_MOST = 2_000
_ATTEMPTS = 15
_FOR_GOOD = 500  # SMTP reply codes from here on: trying again is of no use
_GONE = (403, 404, 410)  # how Slack answers for a hook, app or channel that is no more
_ALIVE = (AlertState.OPEN, AlertState.ACKNOWLEDGED)

Clock = Callable[[], datetime]
log = structlog.get_logger()


def send_due(*, workspace_id: UUID, clock: Clock, until: datetime) -> int:
    """Send what is due in a workspace until nothing is or ``until`` has come; returns how many messages left.

    Call it outside any scope: what left must be remembered, whatever befalls the next.
    """
    sent = 0
    while clock() < until:
        with workspace_scope(workspace_id):
            rows = _claim(clock())
        if not rows:
            break
        by_mail = rows[0].channel == AlertChannel.EMAIL
        sent += (_mail if by_mail else _post)(workspace_id, rows, clock)
    return sent


@transaction.atomic
def _claim(now: datetime) -> list[AlertDelivery]:
    """What is due for the receiver that waits longest, all of it."""
    due = AlertDelivery.objects.filter(due_at__lte=now).order_by("due_at", "pk")
    first = due.values("channel", "member_id", "slack_id").first()
    if first is None:
        return []
    rows = list(due.select_for_update(skip_locked=True, of=("self",)).filter(**first)[:_MOST])
    AlertDelivery.objects.filter(pk__in=[row.pk for row in rows]).update(due_at=now + CLAIMED_FOR)
    return rows


def _lines(rows: Sequence[AlertDelivery], workspace: Workspace, now: datetime) -> tuple[list[Line], int]:
    """What to show of these deliveries, most at stake first, and how many alerts are only counted."""
    found = AlertDelivery.objects.filter(pk__in=[row.pk for row in rows], alert__state__in=_ALIVE)
    alerts = {row.alert_id: row.alert for row in found.select_related("alert__customer")}
    ranked = sorted(alerts.values(), key=lambda each: (-each.arr_minor, each.pk))
    shown = words.lines(ranked[:SHOWN], currency=workspace.currency, today=now.date())
    return shown, len(ranked) - len(shown)


def _mail(workspace_id: UUID, rows: Sequence[AlertDelivery], clock: Clock) -> int:
    with workspace_scope(workspace_id):
        member = Membership.objects.select_related("user", "workspace").get(pk=_known(rows[0].member_id))
        if member.left_at is not None or not member.user.is_active:
            _done(rows, clock(), error="left")
            return 0
        with translation.override(member.user.language or member.workspace.locale):
            lines, more = _lines(rows, member.workspace, clock())
            message = mail.message(member, lines, more=more, about=[row.pk for row in rows]) if lines else None
    error = ""
    try:
        if message is not None:
            message.send()
    except SMTPRecipientsRefused as refused:
        if not all(code >= _FOR_GOOD for code, _answer in refused.recipients.values()):
            return _later(workspace_id, rows, "refused", clock())
        error = "refused"
    except OSError as problem:  # smtplib's errors are among them
        return _later(workspace_id, rows, type(problem).__name__, clock())
    with workspace_scope(workspace_id):
        _done(rows, clock(), error=error)
    return int(message is not None and not error)


def _post(workspace_id: UUID, rows: Sequence[AlertDelivery], clock: Clock) -> int:
    with workspace_scope(workspace_id):
        hook = SlackHook.objects.get(pk=_known(rows[0].slack_id))
        workspace = Workspace.objects.get(pk=workspace_id)
        if not hook.is_enabled:
            slack.end_waiting(hook, "off", clock())
            return 0
        with translation.override(workspace.locale):
            lines, more = _lines(rows, workspace, clock())
        if not lines:
            _done(rows, clock())
            return 0
    with translation.override(workspace.locale):
        answer = slack.send(hook, lines, more=more)
    now = clock()
    if answer.status is not None and 200 <= answer.status < 300:
        with workspace_scope(workspace_id):
            SlackHook.objects.filter(pk=hook.pk).update(failing_since=None, last_status=answer.status, last_error="")
            _done(rows, now)
        return 1
    with workspace_scope(workspace_id):
        gone = answer.status in _GONE
        hook.failing_since, hook.is_enabled = hook.failing_since or now, not gone
        hook.last_status, hook.last_error = answer.status, answer.error
        hook.save(update_fields=["failing_since", "is_enabled", "last_status", "last_error"])
        if gone:
            slack.end_waiting(hook, answer.error, now)
    log.warning("slack not reached", hook=str(hook.pk), status=answer.status, error=answer.error)
    return 0 if gone else _later(workspace_id, rows, answer.error, now, status=answer.status, wish=answer.wish)


def _done(rows: Sequence[AlertDelivery], now: datetime, error: str = "") -> None:
    ids = [row.pk for row in rows]
    AlertDelivery.objects.filter(pk__in=ids, done_at__isnull=True).update(done_at=now, due_at=None, error=error)


def _later(
    workspace_id: UUID,
    rows: Sequence[AlertDelivery],
    error: str,
    now: datetime,
    *,
    status: int | None = None,
    wish: int | None = None,
) -> int:
    """Plan the next attempt of each, with growing waits, or give it up after some fifteen in a day. Returns 0."""
    with workspace_scope(workspace_id):
        for row in rows:
            row.attempts, row.error = row.attempts + 1, error[:40]
            row.due_at = retrying.next_attempt(
                attempts=row.attempts,
                now=now,
                give_up_at=now + retrying.RETRY_FOR if row.attempts < _ATTEMPTS else now,
                chance=random.random(),  # noqa: S311  (spreads load, guards nothing)
                status=status,
                wish=wish,
            )
            row.done_at = now if row.due_at is None else None
        AlertDelivery.objects.bulk_update(rows, ["attempts", "error", "due_at", "done_at"])
    return 0


def _known(receiver: UUID | None) -> UUID:
    assert receiver is not None  # the table holds one of the two
    return receiver
