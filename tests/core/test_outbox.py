"""News is delivered once its cause is committed, in order, and survives a listener that fails."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from csplatform.core import outbox
from csplatform.core.ids import uuid7
from csplatform.core.models import OutboxEvent

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 6, 16, 9, 0, tzinfo=UTC)


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    monkeypatch.setattr(outbox, "_listeners", {})
    found: list[int] = []
    outbox.listen("thing.happened", lambda event: found.append(event.payload["n"]))
    return found


def publish(*numbers: int) -> None:
    for n in numbers:
        moment = NOW + timedelta(seconds=n)
        outbox.publish(workspace_id=uuid7(), name="thing.happened", payload={"n": n}, now=moment)


def test_each_event_reaches_its_listeners_once_and_in_order(heard: list[int]) -> None:
    publish(1, 2, 3)
    assert outbox.dispatch_waiting(now=NOW, limit=2) == 2
    assert outbox.dispatch_waiting(now=NOW, limit=2) == 1
    assert outbox.dispatch_waiting(now=NOW) == 0
    assert heard == [1, 2, 3]


def test_events_nobody_listens_to_are_delivered_to_nobody(heard: list[int]) -> None:
    outbox.publish(workspace_id=uuid7(), name="other.happened", payload={}, now=NOW)
    assert outbox.dispatch_waiting(now=NOW) == 1
    assert heard == []


def test_a_listener_that_fails_leaves_the_events_waiting(heard: list[int]) -> None:
    def fail(event: OutboxEvent) -> None:
        raise RuntimeError

    outbox.listen("thing.happened", fail)
    publish(1)
    with pytest.raises(RuntimeError):
        outbox.dispatch_waiting(now=NOW)
    assert OutboxEvent.objects.filter(dispatched_at__isnull=True).count() == 1


def test_a_listener_that_fails_holds_up_no_other_event(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "_listeners", {})
    found: list[int] = []

    def fail_at_two(event: OutboxEvent) -> None:
        if event.payload["n"] == 2:
            raise RuntimeError("two")
        found.append(event.payload["n"])

    outbox.listen("thing.happened", fail_at_two)
    publish(1, 2, 3)
    with pytest.raises(RuntimeError, match="two"):
        outbox.dispatch_waiting(now=NOW)
    assert found == [1, 3]
    assert [event.payload["n"] for event in OutboxEvent.objects.filter(dispatched_at__isnull=True)] == [2]


def test_news_that_cannot_be_told_holds_up_no_other_workspace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "_listeners", {})
    monkeypatch.setattr(outbox, "_batch_listeners", [])
    broken, sound, heard = uuid7(), uuid7(), list[str]()

    def hear(events: Sequence[OutboxEvent]) -> None:
        if any(event.workspace_id == broken for event in events):
            raise RuntimeError("broken")
        heard.extend(event.name for event in events)

    outbox.listen_to_all(hear)
    for number in range(3):
        moment = NOW + timedelta(seconds=number)
        outbox.publish(workspace_id=broken, name="thing.happened", payload={}, now=moment)
    outbox.publish(workspace_id=sound, name="thing.heard", payload={}, now=NOW + timedelta(minutes=1))
    with pytest.raises(ExceptionGroup, match="1 of 2 workspaces failed"):
        outbox.dispatch_waiting(now=NOW, limit=2)
    assert heard == ["thing.heard"]
    waiting = OutboxEvent.objects.filter(dispatched_at__isnull=True)
    assert [event.workspace_id for event in waiting] == [broken] * 3


def test_what_was_delivered_long_ago_is_forgotten(heard: list[int]) -> None:
    publish(1)
    outbox.dispatch_waiting(now=NOW)
    publish(2)
    assert outbox.forget_delivered(now=NOW + outbox.KEEP + timedelta(days=1)) == 1
    assert OutboxEvent.objects.count() == 1
