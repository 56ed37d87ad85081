"""From an event to a receiver: signed, once, retried for a day, whatever fails on the way."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from standardwebhooks import WebhookVerificationError

from accounts.models import DeliveryState, DisabledBecause, Failure, WebhookDelivery, WebhookDue, Workspace
from accounts.webhooks import deliveries, endpoints, worker
from csplatform.core import outbox
from csplatform.core.ids import uuid7
from csplatform.core.models import AuditEvent, OutboxEvent
from csplatform.core.tenancy import workspace_scope
from tests import factories
from tests.accounts.webhooks.conftest import ACTOR, Clock, Received, Receiver, Subscribed

Subscribe = Callable[..., Subscribed]
Send = Callable[[], int]
SURVEY = "0199d3a0-7c1e-7a52-9d1c-3f0a5b6c7d8e"


def happen(workspace: Workspace, clock: Clock, name: str = "survey.closed", **data: object) -> None:
    outbox.publish(workspace_id=workspace.pk, name=name, payload={"survey_id": SURVEY, **data}, now=clock.now)


def tell(clock: Clock) -> None:
    while outbox.dispatch_waiting(now=clock.now):
        pass


def only(workspace: Workspace) -> WebhookDelivery:
    with workspace_scope(workspace):
        return WebhookDelivery.objects.select_related("endpoint").get()


def test_an_event_arrives_signed_as_the_specification_says(
    workspace: Workspace, receiver: Receiver, subscribe: Subscribe, send: Send, clock: Clock
) -> None:
    subscribed = subscribe("survey.*")
    happen(workspace, clock)
    tell(clock)
    assert send() == 1
    (request,) = receiver.received
    moment = clock.now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    assert request.verified(subscribed.secret) == {
        "type": "survey.closed",
        "timestamp": moment,
        "data": {"survey_id": SURVEY},
    }
    assert request.headers["content-type"] == "application/json"
    with pytest.raises(WebhookVerificationError):
        Received(request.path, request.headers, request.body + b" ").verified(subscribed.secret)
    delivery = only(workspace)
    assert (delivery.state, delivery.attempts, delivery.last_status) == (DeliveryState.DELIVERED, 1, 200)
    assert delivery.log[0]["answer"] == "ok"
    assert not WebhookDue.objects.exists()


def test_who_did_not_ask_hears_nothing(
    workspace: Workspace, receiver: Receiver, subscribe: Subscribe, send: Send, clock: Clock
) -> None:
    subscribe("health.*", path="/health")
    subscribe("survey.closed", path="/survey")
    subscribe(path="/all")
    with workspace_scope(workspace):
        off, _secret = endpoints.create(url=receiver.url + "/off", events=["*"], actor=ACTOR, now=clock.now)
        endpoints.update(endpoint_id=off.pk, told={"is_enabled": False}, actor=ACTOR, now=clock.now)
    stranger = factories.make_workspace("stranger")
    happen(workspace, clock)
    happen(stranger, clock)
    happen(workspace, clock, name="internal.bookkeeping_done")
    tell(clock)
    assert send() == 2
    assert sorted(request.path for request in receiver.received) == ["/hooks/all", "/hooks/survey"]
    assert len({request.id for request in receiver.received}) == 1


def test_an_event_told_twice_is_delivered_once(
    workspace: Workspace, receiver: Receiver, subscribe: Subscribe, send: Send, clock: Clock
) -> None:
    subscribe()
    happen(workspace, clock)
    (event,) = OutboxEvent.objects.all()
    deliveries.take_over([event])
    deliveries.take_over([event])
    tell(clock)
    send()
    assert send() == 0
    assert len(receiver.received) == 1
    assert only(workspace).message_id == receiver.received[0].id


def test_a_failure_is_tried_again_under_the_same_id_until_it_arrives(
    workspace: Workspace, receiver: Receiver, subscribe: Subscribe, send: Send, clock: Clock
) -> None:
    subscribed = subscribe()
    receiver.answers(500, body=b"out of order")
    happen(workspace, clock)
    tell(clock)
    assert send() == 1
    assert send() == 0
    delivery = only(workspace)
    assert (delivery.state, delivery.last_error) == (DeliveryState.PENDING, Failure.STATUS)
    assert delivery.next_attempt_at is not None
    assert timedelta(seconds=4) <= delivery.next_attempt_at - clock.now <= timedelta(seconds=6)
    assert delivery.endpoint.failing_since == clock.now
    receiver.answers(204)
    clock.forward(timedelta(seconds=7))
    assert send() == 1
    first, second = receiver.received
    assert first.id == second.id
    assert first.body == second.body
    assert second.headers["webhook-timestamp"] != first.headers["webhook-timestamp"]
    second.verified(subscribed.secret)
    delivery = only(workspace)
    assert [line["status"] for line in delivery.log] == [500, 204]
    assert delivery.endpoint.failing_since is None


def test_after_a_day_it_has_failed_and_can_be_replayed(
    workspace: Workspace, receiver: Receiver, subscribe: Subscribe, send: Send, clock: Clock
) -> None:
    subscribe()
    receiver.answers(503)
    happen(workspace, clock)
    tell(clock)
    began = clock.now
    while (waiting := only(workspace)).next_attempt_at is not None:
        clock.now = max(clock.now, waiting.next_attempt_at)
        assert send() == 1
    assert clock.now == began + timedelta(days=1)
    delivery = only(workspace)
    assert (delivery.state, delivery.finished_at) == (DeliveryState.FAILED, clock.now)
    assert len(receiver.received) == delivery.attempts >= 12
    receiver.answers(200)
    with workspace_scope(workspace):
        deliveries.replay(delivery_id=delivery.pk, actor=ACTOR, now=clock.now)
    assert send() == 1
    assert only(workspace).state == DeliveryState.DELIVERED
    assert {request.id for request in receiver.received} == {delivery.message_id}


def test_an_endpoint_that_fails_for_days_is_switched_off_and_says_so(
    workspace: Workspace, receiver: Receiver, subscribe: Subscribe, send: Send, clock: Clock
) -> None:
    endpoint = subscribe().endpoint
    receiver.answers(500)
    for _day in range(4):
        happen(workspace, clock)
        tell(clock)
        send()
        clock.forward(timedelta(days=1))
    with workspace_scope(workspace):
        endpoint.refresh_from_db()
        assert (endpoint.is_enabled, endpoint.disabled_because) == (False, DisabledBecause.FAILING)
        audit = AuditEvent.objects.get(action="webhook.disabled")
        assert (audit.actor_label, audit.data["because"]) == ("system", "failing")
        assert set(WebhookDelivery.objects.values_list("state", flat=True)) == {DeliveryState.FAILED}
        with pytest.raises(ValidationError, match="switched off"):
            deliveries.replay_failed(endpoint_id=endpoint.pk, since=clock.now, actor=ACTOR, now=clock.now)
        endpoints.update(endpoint_id=endpoint.pk, told={"is_enabled": True}, actor=ACTOR, now=clock.now)
        since = clock.now - timedelta(days=2, hours=12)
        assert deliveries.replay_failed(endpoint_id=endpoint.pk, since=since, actor=ACTOR, now=clock.now) == 2
    receiver.answers(200)
    assert send() == 2


def test_410_gone_switches_off_at_once(
    workspace: Workspace, receiver: Receiver, subscribe: Subscribe, send: Send, clock: Clock
) -> None:
    subscribe()
    receiver.answers(410)
    happen(workspace, clock)
    happen(workspace, clock, name="survey.opened")
    tell(clock)
    send()
    with workspace_scope(workspace):
        assert {each.state for each in WebhookDelivery.objects.all()} == {DeliveryState.FAILED}
        assert WebhookDelivery.objects.first().endpoint.disabled_because == DisabledBecause.GONE  # type: ignore[union-attr]  # there are two
    assert not WebhookDue.objects.exists()


def test_a_new_secret_and_the_old_one_both_verify_for_a_day(
    workspace: Workspace, receiver: Receiver, subscribe: Subscribe, send: Send, clock: Clock
) -> None:
    old = subscribe()
    with workspace_scope(workspace):
        _endpoint, new = endpoints.rotate_secret(endpoint_id=old.endpoint.pk, actor=ACTOR, now=clock.now)
    happen(workspace, clock)
    tell(clock)
    send()
    assert new != old.secret
    for secret in (new, old.secret):
        receiver.received[0].verified(secret)
    assert receiver.received[0].headers["webhook-signature"].count("v1,") == 2
    with workspace_scope(workspace):
        endpoints.rotate_secret(endpoint_id=old.endpoint.pk, actor=ACTOR, now=clock.now - timedelta(days=1, seconds=1))
    happen(workspace, clock, name="survey.opened")
    tell(clock)
    send()
    assert receiver.received[1].headers["webhook-signature"].count("v1,") == 1


def test_a_secret_of_another_installation_signs_nothing(
    workspace: Workspace, receiver: Receiver, subscribe: Subscribe, send: Send, clock: Clock, settings: LazySettings
) -> None:
    subscribe()
    settings.SECRET_KEY = "restored elsewhere"
    happen(workspace, clock)
    tell(clock)
    send()
    assert receiver.received == []
    assert only(workspace).last_error == Failure.SECRET_CHANGED


def test_a_worker_that_dies_gives_its_deliveries_back(
    workspace: Workspace,
    receiver: Receiver,
    subscribe: Subscribe,
    send: Send,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    subscribe()
    happen(workspace, clock)
    tell(clock)

    def die(*_: object) -> None:
        raise SystemExit

    with monkeypatch.context() as killed:
        killed.setattr(worker, "_send_all", die)
        with pytest.raises(SystemExit):
            send()
    assert send() == 0
    clock.forward(worker.CLAIMED_FOR)
    assert send() == 1
    assert len(receiver.received) == 1


def test_a_slow_endpoint_does_not_hold_up_the_others(
    workspace: Workspace, receiver: Receiver, subscribe: Subscribe, clock: Clock
) -> None:
    subscribe(path="/slow")
    subscribe(path="/quick")
    for number in range(40):
        happen(workspace, clock, number=number)
    tell(clock)
    worker.send_due(clock=clock, until=clock.now + timedelta(seconds=1))
    seen = [request.path for request in receiver.received]
    assert len(seen) == 80
    for start in range(0, 80, 2 * worker.PER_ENDPOINT):
        batch = seen[start : start + 2 * worker.PER_ENDPOINT]
        assert batch.count("/hooks/slow") == batch.count("/hooks/quick") == worker.PER_ENDPOINT


@pytest.mark.django_db(transaction=True)
def test_many_workers_send_each_delivery_once(settings: LazySettings, receiver: Receiver, clock: Clock) -> None:
    settings.WORKER_CONCURRENCY = 12
    workspace = factories.make_workspace()
    with workspace_scope(workspace):
        endpoints.create(url=receiver.url, events=["*"], actor=ACTOR, now=clock.now)
    for number in range(60):
        happen(workspace, clock, number=number)
    together = threading.Barrier(6)

    def work() -> int:
        together.wait()
        try:
            tell(clock)
            return sum(worker.send_due(clock=clock, until=clock.now + timedelta(seconds=1)) for _again in range(5))
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        made = [future.result() for future in [pool.submit(work) for _worker in range(6)]]
    assert sum(made) == 60
    assert len({request.id for request in receiver.received}) == len(receiver.received) == 60
    with workspace_scope(workspace):
        assert WebhookDelivery.objects.filter(state=DeliveryState.DELIVERED).count() == 60


class TestEnqueue:
    """A playbook's step sends to one endpoint, exactly once per key."""

    def test_once_per_key(
        self, workspace: Workspace, receiver: Receiver, subscribe: Subscribe, send: Send, clock: Clock
    ) -> None:
        endpoint = subscribe("survey.*").endpoint
        with workspace_scope(workspace):
            for key in ("run 1 step 2", "run 1 step 2", "run 2 step 2"):
                deliveries.enqueue(
                    endpoint_id=endpoint.pk, event="playbook.step_reached", data={"run_id": key}, key=key, now=clock.now
                )
        assert send() == 2
        assert sorted(json.loads(request.body)["data"]["run_id"] for request in receiver.received) == [
            "run 1 step 2",
            "run 2 step 2",
        ]

    @pytest.mark.parametrize(
        ("event", "data", "field"),
        [
            ("Playbook", {}, "event"),
            ("playbook.step_reached", {"text": "x" * 70_000}, "data"),
            ("playbook.step_reached", {"text": "\0"}, "data"),
            ("playbook.step_reached", {"value": float("nan")}, "data"),
            ("playbook.step_reached", {"value": object()}, "data"),
        ],
    )
    def test_what_cannot_be_sent_is_refused(
        self, workspace: Workspace, subscribe: Subscribe, clock: Clock, event: str, data: dict[str, object], field: str
    ) -> None:
        endpoint = subscribe().endpoint
        with workspace_scope(workspace), pytest.raises(ValidationError) as refused:
            deliveries.enqueue(endpoint_id=endpoint.pk, event=event, data=data, key="k", now=clock.now)
        assert list(refused.value.message_dict) == [field]

    def test_one_that_is_switched_off_takes_nothing_new(
        self, workspace: Workspace, subscribe: Subscribe, clock: Clock
    ) -> None:
        endpoint = subscribe().endpoint
        with workspace_scope(workspace):
            endpoints.update(endpoint_id=endpoint.pk, told={"is_enabled": False}, actor=ACTOR, now=clock.now)
            with pytest.raises(ValidationError, match="switched off"):
                deliveries.enqueue(endpoint_id=endpoint.pk, event="a.b", data={}, key="k", now=clock.now)


def test_a_delivery_whose_endpoint_was_switched_off_meanwhile_is_not_sent(
    workspace: Workspace, receiver: Receiver, subscribe: Subscribe, send: Send, clock: Clock
) -> None:
    endpoint = subscribe().endpoint
    happen(workspace, clock)
    tell(clock)
    with workspace_scope(workspace):
        type(endpoint).objects.filter(pk=endpoint.pk).update(is_enabled=False)
    assert send() == 0
    delivery = only(workspace)
    assert (delivery.state, delivery.last_error) == (DeliveryState.FAILED, Failure.DISABLED)
    assert not WebhookDue.objects.exists()


def test_deleting_an_endpoint_takes_its_deliveries_along(
    workspace: Workspace, subscribe: Subscribe, send: Send, clock: Clock
) -> None:
    endpoint = subscribe().endpoint
    happen(workspace, clock)
    tell(clock)
    with workspace_scope(workspace):
        endpoints.delete(endpoint_id=endpoint.pk, actor=ACTOR, now=clock.now)
        assert not WebhookDelivery.objects.exists()
    assert send() == 0
    assert not WebhookDue.objects.exists()


def test_old_deliveries_are_forgotten_unless_on_their_way(
    workspace: Workspace, receiver: Receiver, subscribe: Subscribe, send: Send, clock: Clock
) -> None:
    subscribe()
    happen(workspace, clock)
    tell(clock)
    send()
    later = clock.now + deliveries.KEEP + timedelta(seconds=1)
    with workspace_scope(workspace):
        assert deliveries.forget(now=clock.now) == 0
        assert deliveries.forget(now=later) == 1


def test_told_events_cost_the_same_however_many(workspace: Workspace, subscribe: Subscribe, clock: Clock) -> None:
    subscribe()
    costs = []
    for many in (3, 300):
        for number in range(many):
            happen(workspace, clock, number=number)
        with CaptureQueriesContext(connection) as captured:
            assert outbox.dispatch_waiting(now=clock.now) == many
        costs.append(len(captured))
    assert costs[0] == costs[1]


def test_ids_of_deliveries_are_in_the_order_of_events(workspace: Workspace, subscribe: Subscribe, clock: Clock) -> None:
    subscribe()
    numbers = [str(uuid7()) for _ in range(5)]
    for number in numbers:
        happen(workspace, clock, number=number)
    tell(clock)
    with workspace_scope(workspace):
        told = [each.data["number"] for each in WebhookDelivery.objects.order_by("pk")]
    assert told == numbers
