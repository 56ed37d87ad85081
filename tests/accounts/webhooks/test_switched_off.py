"""A webhook the system switches off: the admins of its workspace are told, once."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core.mail import EmailMessage
from django.core.mail.backends.locmem import EmailBackend as LocmemBackend

from accounts.models import User, Workspace
from accounts.roles import Role
from accounts.tasks import mail_disabled_webhooks
from accounts.webhooks import endpoints
from csplatform.core import outbox
from csplatform.core.ids import uuid7
from csplatform.core.tenancy import workspace_scope
from tests import factories
from tests.accounts.webhooks.conftest import ACTOR, Clock, Receiver, Subscribed

Subscribe = Callable[..., Subscribed]
Send = Callable[[], int]
Mails = list[EmailMessage]


def fail(workspace: Workspace, clock: Clock, send: Send) -> None:
    outbox.publish(workspace_id=workspace.pk, name="survey.closed", payload={"survey_id": str(uuid7())}, now=clock.now)
    outbox.dispatch_waiting(now=clock.now)
    send()


def test_the_admins_are_mailed_once_that_a_webhook_was_switched_off(
    workspace: Workspace, receiver: Receiver, subscribe: Subscribe, send: Send, clock: Clock, mailoutbox: Mails
) -> None:
    endpoint = subscribe().endpoint
    people = {role: factories.make_member(workspace, role).user for role in (Role.OWNER, Role.ADMIN, Role.MANAGER)}
    User.objects.filter(pk=people[Role.ADMIN].pk).update(language="fr")
    factories.make_member(factories.make_workspace("stranger"), Role.ADMIN)
    receiver.answers(410)
    fail(workspace, clock, send)
    mail_disabled_webhooks()
    mail_disabled_webhooks()
    assert sorted(address for mail in mailoutbox for address in mail.to) == sorted(
        people[role].email for role in (Role.OWNER, Role.ADMIN)
    )
    assert all(receiver.url in mail.body and str(endpoint.pk) in mail.body for mail in mailoutbox)
    english = next(mail for mail in mailoutbox if mail.to == [people[Role.OWNER].email])
    assert english.subject == f"A webhook of {workspace.name} is switched off"
    assert "410 Gone" in english.body


def test_who_switches_a_webhook_off_by_hand_mails_nobody_and_a_mail_that_failed_is_tried_again(
    workspace: Workspace, receiver: Receiver, subscribe: Subscribe, send: Send, clock: Clock, mailoutbox: Mails,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    factories.make_member(workspace, Role.OWNER)
    subscribed = subscribe()
    with workspace_scope(workspace):
        endpoints.update(endpoint_id=subscribed.endpoint.pk, told={"is_enabled": False}, actor=ACTOR, now=clock.now)
        mail_disabled_webhooks()
        assert mailoutbox == []
        endpoints.update(endpoint_id=subscribed.endpoint.pk, told={"is_enabled": True}, actor=ACTOR, now=clock.now)
    receiver.answers(410)
    fail(workspace, clock, send)
    with monkeypatch.context() as broken:
        broken.setattr(LocmemBackend, "send_messages", refuse)
        mail_disabled_webhooks()
    assert mailoutbox == []
    mail_disabled_webhooks()
    assert len(mailoutbox) == 1


def refuse(*_: object) -> int:
    raise ConnectionRefusedError
