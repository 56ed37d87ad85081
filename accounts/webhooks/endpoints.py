"""Endpoints: made (the secret shown once), changed, given a new secret, switched off, deleted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import DeliveryState, DisabledBecause, Failure, WebhookDelivery, WebhookDue, WebhookEndpoint
from accounts.services.results import StaleVersionError
from accounts.webhooks import addresses, catalogue, rules, secrets
from csplatform.core import audit, locks
from csplatform.core.tenancy import current_workspace_id

MOST = 50
MOST_PATTERNS = 50


@transaction.atomic
def create(
    *, url: str, events: Sequence[str], description: str = "", actor: audit.Actor, now: datetime
) -> tuple[WebhookEndpoint, str]:
    """A new endpoint of the active workspace, and its secret, which is not shown again.

    Raises ``ValidationError`` by field for an address webhooks do not go to, for patterns that are none, and beyond
    ``MOST`` endpoints.
    """
    locks.hold("webhooks")
    if WebhookEndpoint.objects.count() >= MOST:
        raise ValidationError(_("A workspace has at most %(n)d webhooks. Delete one first.") % {"n": MOST})
    salt = secrets.new_salt()
    secret = secrets.derive(salt)
    endpoint = WebhookEndpoint.objects.create(
        workspace_id=current_workspace_id(),
        url=_checked_url(url),
        description=_checked_description(description),
        events=_checked_patterns(events),
        secret_salt=salt,
        secret_hint=secrets.hint(secret),
        created_by_id=actor.user_id,
        created_at=now,
        updated_at=now,
    )
    _record(endpoint, "webhook.created", actor, now, {"url": endpoint.url, "events": endpoint.events})
    return endpoint, secret


@transaction.atomic
def update(
    *,
    endpoint_id: UUID,
    told: Mapping[str, Any],
    actor: audit.Actor,
    now: datetime,
    expected_version: int | None = None,
) -> WebhookEndpoint:
    """Change what ``told`` names of ``url, description, events, is_enabled``; the rest stays.

    Switching off ends what is on its way (it can be replayed); switching on clears the failures. Raises
    ``WebhookEndpoint.DoesNotExist``, ``StaleVersionError``, and ``ValidationError`` as ``create`` does.
    """
    endpoint = _locked(endpoint_id)
    if expected_version is not None and endpoint.version != expected_version:
        raise StaleVersionError(endpoint.version)
    checked: dict[str, Any] = {}
    if "url" in told:
        checked["url"] = _checked_url(told["url"])
    if "description" in told:
        checked["description"] = _checked_description(told["description"])
    if "events" in told:
        checked["events"] = _checked_patterns(told["events"])
    if "is_enabled" in told:
        checked["is_enabled"] = bool(told["is_enabled"])
    changed = {name: value for name, value in checked.items() if getattr(endpoint, name) != value}
    if not changed:
        return endpoint
    for name, value in changed.items():
        setattr(endpoint, name, value)
    if "is_enabled" in changed:
        endpoint.failing_since, endpoint.mail_is_owed = None, False
        endpoint.disabled_because = "" if endpoint.is_enabled else DisabledBecause.BY_HAND
        if not endpoint.is_enabled:
            end_pending(endpoint, now=now)
    _save(endpoint, now)
    _record(endpoint, "webhook.changed", actor, now, changed)
    return endpoint


@transaction.atomic
def rotate_secret(*, endpoint_id: UUID, actor: audit.Actor, now: datetime) -> tuple[WebhookEndpoint, str]:
    """A new secret, not shown again. For a day both sign, so that the receiver can change over at leisure.

    Raises ``WebhookEndpoint.DoesNotExist``.
    """
    endpoint = _locked(endpoint_id)
    endpoint.retired_salt, endpoint.retired_until = endpoint.secret_salt, now + rules.BOTH_SECRETS_FOR
    endpoint.secret_salt = secrets.new_salt()
    secret = secrets.derive(endpoint.secret_salt)
    endpoint.secret_hint = secrets.hint(secret)
    _save(endpoint, now)
    _record(endpoint, "webhook.secret_rotated", actor, now, {"url": endpoint.url})
    return endpoint, secret


@transaction.atomic
def delete(*, endpoint_id: UUID, actor: audit.Actor, now: datetime, expected_version: int | None = None) -> None:
    """The endpoint and its deliveries, for good. Raises ``WebhookEndpoint.DoesNotExist`` and ``StaleVersionError``."""
    endpoint = _locked(endpoint_id)
    if expected_version is not None and endpoint.version != expected_version:
        raise StaleVersionError(endpoint.version)
    _record(endpoint, "webhook.deleted", actor, now, {"url": endpoint.url})
    end_pending(endpoint, now=now)
    endpoint.delete()


def disable(*, endpoint: WebhookEndpoint, because: DisabledBecause, now: datetime) -> None:
    """Switch a locked ``endpoint`` off by the system, which the audit trail and its page say."""
    endpoint.is_enabled, endpoint.disabled_because, endpoint.mail_is_owed = False, because, True
    end_pending(endpoint, now=now)
    _save(endpoint, now)
    _record(endpoint, "webhook.disabled", audit.SYSTEM, now, {"url": endpoint.url, "because": because.value})


def end_pending(endpoint: WebhookEndpoint, *, now: datetime) -> None:
    """What is on its way to ``endpoint`` counts as failed; the page replays it when it is wanted."""
    # Deliveries before what is due of them, the order in which everybody locks.
    WebhookDelivery.objects.filter(endpoint=endpoint, state=DeliveryState.PENDING).update(
        state=DeliveryState.FAILED, last_error=Failure.DISABLED, next_attempt_at=None, finished_at=now
    )
    WebhookDue.objects.filter(endpoint_id=endpoint.pk).delete()


def _locked(endpoint_id: UUID) -> WebhookEndpoint:
    return WebhookEndpoint.objects.select_for_update(of=("self",), no_key=True).get(pk=endpoint_id)


def _save(endpoint: WebhookEndpoint, now: datetime) -> None:
    endpoint.updated_at = now
    endpoint.version += 1
    endpoint.save()


def _record(endpoint: WebhookEndpoint, action: str, actor: audit.Actor, now: datetime, data: dict[str, Any]) -> None:
    audit.record(actor=actor, action=action, subject=endpoint, data=data, now=now)


def _checked_url(url: str) -> str:
    cleaned = url.strip()
    target = addresses.target(cleaned, settings.WEBHOOK_PRIVATE_HOSTS)
    if isinstance(target, addresses.Target):
        return cleaned
    problems = {
        addresses.Fault.MALFORMED: _("Expected a web address such as https://example.com/hooks."),
        addresses.Fault.NOT_HTTPS: _("Expected an address that begins with https://, so that nobody reads along."),
        addresses.Fault.CREDENTIALS: _("Leave user name and password out: every webhook is signed instead."),
        addresses.Fault.NOT_PUBLIC: _(
            "This address is not public. Whoever runs this installation can allow it (WEBHOOK_PRIVATE_HOSTS)."
        ),
    }
    raise ValidationError({"url": problems[target]})


def _checked_description(text: str) -> str:
    cleaned = text.strip()
    if len(cleaned) > 200 or "\0" in cleaned:
        raise ValidationError({"description": _("Expected at most 200 characters.")})
    return cleaned


def _checked_patterns(given: Sequence[str]) -> list[str]:
    patterns = list(dict.fromkeys(each.strip() for each in given if each.strip()))
    wrong = [each for each in patterns if not rules.is_pattern(each)]
    if wrong:
        message = _("%(given)s is no event. Expected a name (survey.closed), a noun (survey.*), or * for all.")
        raise ValidationError({"events": message % {"given": wrong[0][:60]}})
    unknown = [each for each in patterns if not catalogue.is_known(each)]
    if unknown:
        message = _("No event is called %(given)s. The list of events names those there are.")
        raise ValidationError({"events": message % {"given": unknown[0]}})
    if not patterns or len(patterns) > MOST_PATTERNS:
        raise ValidationError({"events": _("Choose from 1 to %(n)d events.") % {"n": MOST_PATTERNS}})
    return patterns
