"""Slack: hooks are kept, messages are made and posted through the client that webhooks use.

An incoming webhook's address is a secret, so it is stored encrypted and never shown again.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Failure
from accounts.webhooks import addresses
from accounts.webhooks.posting import Answer, post
from csplatform.core import audit, locks, sealed
from csplatform.core.tenancy import current_workspace_id
from health.alerts.words import Line
from health.models import AlertDelivery, SlackHook

MOST = 20
_HOSTS = ("hooks.slack.com", "hooks.slack-gov.com")
_PURPOSE = "slack"
_LONGEST_TEXT = 2_900  # Slack refuses a section of more than 3,000 characters


@transaction.atomic
def create(*, name: str, url: str, actor: audit.Actor, now: datetime) -> SlackHook:
    """A new hook. Raises ``ValidationError`` by field for an address that is none of Slack's, or a name taken."""
    locks.hold("slack_hooks")
    name = " ".join(name.replace("\0", "").split())
    if not name or len(name) > 120:
        raise ValidationError({"name": _("Give it a name of at most 120 characters, such as the channel's.")})
    if SlackHook.objects.count() >= MOST:
        raise ValidationError(_("A workspace has at most %(n)d hooks. Delete one first.") % {"n": MOST})
    if SlackHook.objects.filter(name=name).exists():
        raise ValidationError({"name": _("There is a hook of this name already.")})
    address = _checked(url)
    hook: SlackHook = SlackHook.objects.create(
        workspace_id=current_workspace_id(),
        name=name,
        url_secret=sealed.seal(address, purpose=_PURPOSE),
        hint=f"…{address[-4:]}",
        created_at=now,
    )
    audit.record(actor=actor, action="slack_hook.created", subject=hook, data={"name": name}, now=now)
    return hook


@transaction.atomic
def delete(*, hook_id: UUID, actor: audit.Actor, now: datetime) -> None:
    """Delete a hook with what waits for it. Raises ``SlackHook.DoesNotExist``."""
    hook = SlackHook.objects.select_for_update(of=("self",)).get(pk=hook_id)
    audit.record(actor=actor, action="slack_hook.deleted", subject=hook, data={"name": hook.name}, now=now)
    hook.delete()


@transaction.atomic
def switch_on(*, hook_id: UUID, actor: audit.Actor, now: datetime) -> None:
    """Let a hook that was switched off be tried again. Raises ``SlackHook.DoesNotExist``."""
    hook = SlackHook.objects.select_for_update(of=("self",)).get(pk=hook_id)
    SlackHook.objects.filter(pk=hook.pk).update(is_enabled=True, failing_since=None, last_error="", last_status=None)
    audit.record(actor=actor, action="slack_hook.switched_on", subject=hook, data={}, now=now)


def _checked(url: str) -> str:
    url = url.strip()
    target = addresses.target(url, settings.WEBHOOK_PRIVATE_HOSTS)
    if isinstance(target, addresses.Fault) or not (target.is_named or target.host in _HOSTS) or not _path(url):
        text = _("Expected the address of an incoming webhook, such as https://hooks.slack.com/services/T…/B…/….")
        raise ValidationError({"url": text})
    return url


def _path(url: str) -> str:
    return urlsplit(url).path.strip("/")


def send(hook: SlackHook, lines: Sequence[Line], *, more: int) -> Answer:
    """Post one message of these alerts; ``more``: how many others are only counted. Raises nothing Slack can cause."""
    try:
        url = sealed.unseal(hook.url_secret, purpose=_PURPOSE)
    except sealed.ForeignSealError:
        return Answer(None, Failure.SECRET_CHANGED, "", 0)
    body = json.dumps(message(lines, more=more), ensure_ascii=False).encode()
    return post(url=url, body=body, headers={}, named=settings.WEBHOOK_PRIVATE_HOSTS)


def message(lines: Sequence[Line], *, more: int) -> dict[str, object]:
    """The message in Slack's Block Kit, with a plain text for notifications."""
    count = len(lines) + more
    head = ngettext("%(n)s alert", "%(n)s alerts", count) % {"n": count}
    blocks: list[dict[str, object]] = [
        {"type": "header", "text": {"type": "plain_text", "text": head, "emoji": False}},
    ]
    blocks += [{"type": "section", "text": {"type": "mrkdwn", "text": _section(line)}} for line in lines]
    if more:
        rest = ngettext("%(n)s more in the app", "%(n)s more in the app", more) % {"n": more}
        link = f"<{settings.PUBLIC_URL}/health/alerts/|{escape(rest)}>"
        blocks.append({"type": "context", "elements": [{"type": "mrkdwn", "text": link}]})
    first = lines[0]
    return {"text": escape(f"{head}: {first.name}. {first.what}"), "blocks": blocks}


def _section(line: Line) -> str:
    kind = escape(str(line.alert.get_kind_display()))
    told = [f"*<{settings.PUBLIC_URL}{line.url}|{escape(line.name)}>* · {kind}", escape(line.what)]
    if line.why:
        told.append(escape(line.why))
    if line.arr:
        told.append(escape(_("ARR at stake: %(sum)s") % {"sum": line.arr}))
    return "\n".join(told)[:_LONGEST_TEXT]


def escape(text: str) -> str:
    """The three characters that Slack reads as its own, and the bar that would end a link's address."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("|", "¦")


def end_waiting(hook: SlackHook, error: str, now: datetime) -> None:
    """Give up what waits for a hook that is gone."""
    waiting = AlertDelivery.objects.filter(slack=hook, done_at__isnull=True)
    waiting.update(done_at=now, due_at=None, error=error)
