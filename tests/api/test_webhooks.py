"""Webhooks over REST: made with a secret shown once, tested, listed, replayed; another workspace's are not found."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from standardwebhooks import Webhook

from accounts.models import DeliveryState, WebhookDelivery, WebhookEndpoint, Workspace
from accounts.webhooks import catalogue, deliveries
from csplatform.core import outbox
from csplatform.core.models import AuditEvent
from csplatform.core.tenancy import workspace_scope
from tests import factories
from tests.api.conftest import Api, fields, make_api, problem

URL = "https://hooks.example.com/boomerang"


def make(api: Api, **more: Any) -> dict[str, Any]:
    response = api.post("webhooks/", {"url": URL, "events": ["survey.*"], **more})
    assert response.status_code == 201, response.content
    body: dict[str, Any] = response.json()
    return body


def fail(workspace: Workspace, *, times: int) -> None:
    """Events that nobody received."""
    now = datetime.now(UTC)
    for _time in range(times):
        outbox.publish(workspace_id=workspace.pk, name="survey.closed", payload={"survey_id": "1"}, now=now)
    outbox.dispatch_waiting(now=now)
    with workspace_scope(workspace):
        WebhookDelivery.objects.update(state=DeliveryState.FAILED, finished_at=now, next_attempt_at=None)


def test_the_secret_is_shown_once_and_stored_nowhere(workspace: Workspace, api: Api) -> None:
    response = api.post("webhooks/", {"url": URL, "events": ["survey.*", "health.band_changed"], "description": "Chat"})
    made = response.json()
    assert response["Cache-Control"] == "no-store"
    assert response["Location"].endswith(f"/api/v1/webhooks/{made['id']}/")
    assert Webhook(made["secret"]).sign("msg_1", datetime.now(UTC), "{}")
    again = api.get(f"webhooks/{made['id']}/").json()
    assert "secret" not in again
    assert made["secret"].startswith(again["secret_hint"])
    assert (again["url"], again["description"], again["is_enabled"]) == (URL, "Chat", True)
    with workspace_scope(workspace):
        row = WebhookEndpoint.objects.values().get()
        assert not any(made["secret"][10:] in str(value) for value in row.values())
        (line,) = AuditEvent.objects.filter(action="webhook.created")
        assert "secret" not in str(line.data)


def test_changing_needs_the_version_last_read(api: Api) -> None:
    made = make(api)
    path = f"webhooks/{made['id']}/"
    tag = api.get(path)["ETag"]
    assert api.patch(path, {"events": ["*"]}, If_Match=tag).json()["events"] == ["*"]
    problem(api.patch(path, {"events": ["survey.*"]}, If_Match=tag), 412)
    problem(api.delete(path, If_Match=tag), 412)
    assert api.put(path, {"url": URL + "/2", "events": ["*"]}).json()["url"] == URL + "/2"
    assert api.delete(path).status_code == 204
    problem(api.get(path), 404)


def test_switched_off_says_by_whom(api: Api) -> None:
    made = make(api, is_enabled=False)
    assert api.get(f"webhooks/{made['id']}/").json()["disabled_because"] == "by_hand"
    assert "switched off" in problem(api.post(f"webhooks/{made['id']}/test/", {}), 400)["errors"][0]["message"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"url": "https://127.0.0.1/", "events": ["*"]}, "url"),
        ({"url": "https://2130706433/", "events": ["*"]}, "url"),
        ({"url": "http://example.com/", "events": ["*"]}, "url"),
        ({"url": "https://a:b@example.com/", "events": ["*"]}, "url"),
        ({"url": "", "events": ["*"]}, "url"),
        ({"url": URL}, "events"),
        ({"url": URL, "events": []}, "events"),
        ({"url": URL, "events": ["survey.closd"]}, "events"),
        ({"url": URL, "events": ["everything"]}, "events"),
        ({"url": URL, "events": ["weather.*"]}, "events"),
        ({"url": URL, "events": "*"}, "events"),
        ({"url": URL, "events": ["*"], "description": "x" * 201}, "description"),
        ({"url": URL, "events": ["*"], "headers": {}}, "headers"),
    ],
)
def test_what_cannot_be_is_refused_by_field(workspace: Workspace, api: Api, body: dict[str, Any], field: str) -> None:
    assert fields(problem(api.post("webhooks/", body), 400)) == [field]
    with workspace_scope(workspace):
        assert not WebhookEndpoint.objects.exists()


def test_a_test_event_is_on_its_way_and_in_the_list(api: Api) -> None:
    made = make(api)
    told = api.post(f"webhooks/{made['id']}/test/", {})
    assert told.status_code == 202
    assert (told.json()["event"], told.json()["state"]) == ("webhook.tested", "pending")
    (listed,) = api.get(f"webhooks/{made['id']}/deliveries/").json()["results"]
    assert listed == told.json()
    one = api.get(f"webhooks/{made['id']}/deliveries/{listed['id']}/").json()
    assert one["data"] == {"webhook_id": made["id"]}
    assert one["log"] == []


def test_failed_deliveries_are_filtered_and_replayed(workspace: Workspace, api: Api) -> None:
    made = make(api)
    fail(workspace, times=3)
    path = f"webhooks/{made['id']}/"
    failed = api.get(path + "deliveries/?state=failed&event=survey.closed").json()["results"]
    assert len(failed) == 3
    again = api.post(f"{path}deliveries/{failed[0]['id']}/replay/", {})
    assert again.status_code == 202
    assert (again.json()["state"], again.json()["message_id"]) == ("pending", failed[0]["message_id"])
    since = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    assert api.post(path + "replay/", {"since": since}).json() == {"replayed": 2}
    assert api.post(path + "replay/", {"since": since}).json() == {"replayed": 0}
    assert fields(problem(api.post(path + "replay/", {}), 400)) == ["since"]
    assert api.get(path + "deliveries/?state=failed").json()["results"] == []
    problem(api.get(path + "deliveries/?state=lost"), 400)
    problem(api.get(path + "deliveries/?colour=red"), 400)


def test_a_new_secret_leaves_the_old_one_a_day(api: Api) -> None:
    made = make(api)
    rotated = api.post(f"webhooks/{made['id']}/rotate-secret/", {}).json()
    assert rotated["secret"] != made["secret"]
    assert rotated["retired_until"] is not None


def test_the_catalogue_describes_what_one_may_listen_to(api: Api) -> None:
    events = {event["name"]: event for event in api.get("webhooks/events/").json()["results"]}
    assert set(events) == {event.name for event in catalogue.all_events()}
    assert [field["name"] for field in events["health.band_changed"]["fields"]] == ["customer_id", "from", "to"]


def test_strangers_and_smaller_keys_reach_nothing(workspace: Workspace, api: Api) -> None:
    made = make(api)
    delivery = api.post(f"webhooks/{made['id']}/test/", {}).json()["id"]
    path = f"webhooks/{made['id']}/"
    calls = [
        ("GET", path), ("PATCH", path), ("DELETE", path), ("POST", path + "test/"), ("POST", path + "replay/"),
        ("POST", path + "rotate-secret/"), ("GET", path + "deliveries/"), ("GET", f"{path}deliveries/{delivery}/"),
        ("POST", f"{path}deliveries/{delivery}/replay/"),
    ]  # fmt: skip
    stranger = make_api(factories.make_workspace("stranger"))
    for method, address in calls:
        problem(stranger.call(method, address, {"since": "2026-01-01T00:00:00Z"} if method == "POST" else None), 404)
    smaller = make_api(workspace, ("read", "write"))
    for method, address in [*calls, ("GET", "webhooks/"), ("POST", "webhooks/"), ("GET", "webhooks/events/")]:
        problem(smaller.call(method, address, {}), 403)
    other = make(api, url=URL + "/other")
    problem(api.get(f"webhooks/{other['id']}/deliveries/{delivery}/"), 404)


def test_there_is_an_end_to_how_many(api: Api, workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("accounts.webhooks.endpoints.MOST", 2)
    make(api)
    make(api)
    assert "at most 2" in problem(api.post("webhooks/", {"url": URL, "events": ["*"]}), 400)["errors"][0]["message"]


def test_a_replay_of_what_is_gone_is_not_found(workspace: Workspace, api: Api) -> None:
    made = make(api)
    with workspace_scope(workspace):
        deliveries.forget(now=datetime.now(UTC))
    problem(api.post(f"webhooks/{made['id']}/deliveries/{made['id']}/replay/", {}), 404)
    problem(api.get(f"webhooks/{made['id']}/deliveries/not-an-id/"), 404)
