"""Alerts in a channel of Slack: one message of what gathered, tried again, and given up when the hook is gone."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from accounts.models import Workspace
from csplatform.core.tenancy import workspace_scope
from health.alerts import slack
from health.models import AlertChannel, AlertDelivery, SlackHook
from tests import factories
from tests.accounts.webhooks.conftest import Receiver, receiver
from tests.health.alerts.uses import BY, NOW, alerted, customer, pass_on, route, send

__all__ = ["receiver"]
pytestmark = pytest.mark.django_db


@pytest.fixture
def workspace() -> Workspace:
    return factories.make_workspace()


class Slack:
    """A channel that remembers what was posted."""

    def __init__(self, workspace: Workspace, receiver: Receiver) -> None:
        self.workspace, self.receiver = workspace, receiver
        with workspace_scope(workspace):
            self.hook = slack.create(name="#alerts", url=receiver.url, actor=BY, now=NOW)
            route(channels=[AlertChannel.SLACK], slack=self.hook)

    def posted(self) -> list[dict[str, Any]]:
        return [json.loads(each.body) for each in self.receiver.received]


@pytest.fixture
def channel(workspace: Workspace, receiver: Receiver) -> Slack:
    return Slack(workspace, receiver)


def test_a_channel_gets_one_message_of_what_gathered(channel: Slack) -> None:
    with workspace_scope(channel.workspace):
        alerted(customer("Nottingham & <Freight>"))
        alerted(customer("Trent"))
        pass_on()
    assert send(channel.workspace) == 1
    assert send(channel.workspace) == 0
    (message,) = channel.posted()
    text = json.dumps(message["blocks"])
    assert message["blocks"][0]["text"]["text"] == "2 alerts"
    assert "Nottingham &amp; &lt;Freight&gt;" in text
    assert len(message["blocks"]) == 3


def test_a_channel_that_is_away_is_tried_again_and_the_admin_sees_it(channel: Slack) -> None:
    channel.receiver.answers(500)
    with workspace_scope(channel.workspace):
        alerted(customer())
        pass_on()
    assert send(channel.workspace) == 0
    with workspace_scope(channel.workspace):
        hook = SlackHook.objects.get()
        assert (hook.failing_since, hook.last_status, hook.is_enabled) == (NOW, 500, True)
    channel.receiver.answers(200)
    assert send(channel.workspace, NOW + timedelta(minutes=1)) == 1
    with workspace_scope(channel.workspace):
        assert SlackHook.objects.get().failing_since is None


def test_a_hook_that_slack_says_is_gone_is_switched_off(channel: Slack) -> None:
    channel.receiver.answers(404)
    with workspace_scope(channel.workspace):
        alerted(customer())
        pass_on()
    send(channel.workspace)
    with workspace_scope(channel.workspace):
        assert not SlackHook.objects.get().is_enabled
        assert not AlertDelivery.objects.filter(done_at=None).exists()


def test_the_address_of_a_hook_is_not_readable_in_the_database(channel: Slack) -> None:
    with workspace_scope(channel.workspace):
        stored = SlackHook.objects.get()
    assert "127.0.0.1" not in stored.url_secret
    assert channel.receiver.url not in json.dumps([stored.url_secret, stored.hint])


@pytest.mark.parametrize(
    "url",
    ["http://hooks.slack.com/services/T/B/x", "https://example.com/services/T", "https://127.0.0.1/x", "nonsense"],
)
def test_an_address_that_is_none_of_slacks_is_refused(workspace: Workspace, url: str) -> None:
    with workspace_scope(workspace), pytest.raises(ValidationError) as refused:
        slack.create(name="x", url=url, actor=BY, now=NOW)
    assert "url" in refused.value.message_dict
