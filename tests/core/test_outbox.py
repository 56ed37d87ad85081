"""News is delivered once its cause is committed, in order, and survives a listener that fails."""

from __future__ import annotations

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


def test_what_was_delivered_long_ago_is_forgotten(heard: list[int]) -> None:
    publish(1)
    outbox.dispatch_waiting(now=NOW)
    publish(2)
    assert outbox.forget_delivered(now=NOW + outbox.KEEP + timedelta(days=1)) == 1
    assert OutboxEvent.objects.count() == 1
