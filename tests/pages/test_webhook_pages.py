"""The webhooks pages: a secret shown once, deliveries that tell what happened, replays, and strangers kept out."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from accounts.models import DeliveryState, WebhookDelivery, WebhookEndpoint
from accounts.roles import Role
from accounts.webhooks import catalogue, deliveries, endpoints, worker
from accounts.webhooks.posting import Answer
from csplatform.core import audit
from csplatform.core.tenancy import workspace_scope
from tests.pages.conftest import House, signed_in

LIST = "/settings/webhooks/"
URL = "https://hooks.example.com/boomerang"
NOW = datetime.now(UTC)


def make(house: House, url: str = URL) -> WebhookEndpoint:
    with workspace_scope(house.workspace):
        endpoint, _secret = endpoints.create(url=url, events=["survey.*"], actor=audit.SYSTEM, now=NOW)
    return endpoint


def deliver(house: House, endpoint: WebhookEndpoint, key: str, answer: Answer | None = None) -> WebhookDelivery:
    with workspace_scope(house.workspace):
        made = deliveries.enqueue(
            endpoint_id=endpoint.pk, event="survey.closed", data={"survey_id": key}, key=key, now=NOW
        )
        if answer is not None:
            worker.record(house.workspace.pk, endpoint.pk, made.pk, answer, now=NOW + timedelta(days=2))
            made.refresh_from_db()
    return made


def text(response: Any) -> str:
    assert response.status_code == 200, response
    return html.unescape(re.sub(r"\s+", " ", response.content.decode()))


def test_a_webhook_is_made_and_its_secret_shown_in_that_answer_only(house: House) -> None:
    client = house.client(Role.ADMIN)
    made = client.post(LIST, {"url": URL, "events": ["survey.*", "health.band_changed"], "description": "Chat"})
    (secret,) = re.findall(r"whsec_[A-Za-z0-9+/=]{20,}", text(made))
    assert "no-store" in made["Cache-Control"]
    with workspace_scope(house.workspace):
        endpoint = WebhookEndpoint.objects.get()
    assert endpoint.events == ["survey.*", "health.band_changed"]
    for page in (LIST, f"{LIST}{endpoint.pk}/"):
        assert secret not in text(client.get(page))
    rotated = text(client.post(f"{LIST}{endpoint.pk}/secret/"))
    (newer,) = re.findall(r"whsec_[A-Za-z0-9+/=]{20,}", rotated)
    assert newer != secret
    assert "The one before signs too until" in rotated


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"url": "https://169.254.169.254/latest/", "events": ["*"]}, "This address is not public"),
        ({"url": "http://example.com/", "events": ["*"]}, "begins with https://"),
        ({"url": "https://example.com/"}, "This field is required"),
        ({"url": "https://example.com/", "events": ["weather.changed"]}, "weather.changed"),
    ],
)
def test_what_cannot_be_is_said_at_its_field_and_what_was_typed_stays(
    house: House, told: dict[str, Any], said: str
) -> None:
    page = text(house.client(Role.ADMIN).post(LIST, told))
    assert said in page
    assert f'value="{told["url"]}"' in page


def test_settings_are_changed_and_switching_off_is_told(house: House) -> None:
    endpoint = make(house)
    page = f"{LIST}{endpoint.pk}/"
    client = house.client(Role.OWNER)
    changed = client.post(page, {"url": URL + "/2", "events": ["*"]}, follow=True)
    assert "switched off by a member" in text(changed)
    assert "Send a test event" not in text(changed)
    on = client.post(page, {"url": URL + "/2", "events": ["*"], "is_enabled": "on"}, follow=True)
    assert "Send a test event" in text(on)


def test_a_test_event_shows_in_the_log_and_a_failure_says_why(house: House) -> None:
    endpoint = make(house)
    client = house.client(Role.ADMIN)
    page = f"{LIST}{endpoint.pk}/"
    assert "webhook.tested" in text(client.post(page + "test/", follow=True))
    failed = deliver(house, endpoint, "one", Answer(503, "status", "<b>maintenance</b>", 120))
    shown = client.get(f"{page}{failed.pk}/")
    assert "answered with another status than 2xx" in text(shown)
    assert b"&lt;b&gt;maintenance&lt;/b&gt;" in shown.content
    assert failed.message_id in text(client.get(f"{page}{failed.pk}/"))
    assert "survey.closed" in text(client.get(page + "?state=failed"))
    assert "Nothing matches these filters" in text(client.get(page + "?state=delivered"))


def test_one_and_all_failed_are_replayed(house: House) -> None:
    endpoint = make(house)
    client = house.client(Role.ADMIN)
    page = f"{LIST}{endpoint.pk}/"
    rows = [deliver(house, endpoint, key, Answer(500, "status", "", 5)) for key in ("one", "two", "three")]
    assert "under its old id" in text(client.post(f"{page}{rows[0].pk}/replay/", follow=True))
    told = client.post(page + "replay/", {"since": NOW.date().isoformat()}, follow=True)
    assert "2 deliveries are on their way again." in text(told)
    with workspace_scope(house.workspace):
        assert set(WebhookDelivery.objects.values_list("state", flat=True)) == {DeliveryState.PENDING}
    assert "Enter a valid date" in text(client.post(page + "replay/", {"since": "yesterday"}))


def test_deleting_takes_the_log_along(house: House) -> None:
    endpoint = make(house)
    deliver(house, endpoint, "one")
    gone = house.client(Role.ADMIN).post(f"{LIST}{endpoint.pk}/delete/", follow=True)
    assert "No webhook yet" in text(gone)


def test_every_event_is_described(house: House) -> None:
    page = text(house.client(Role.ADMIN).get(LIST + "events/"))
    for event in catalogue.all_events():
        assert event.name in page
        assert str(event.description) in page


def test_strangers_find_nothing_and_members_without_the_permission_are_refused(house: House) -> None:
    endpoint = make(house)
    row = deliver(house, endpoint, "one", Answer(500, "status", "", 5))
    page = f"{LIST}{endpoint.pk}/"
    stranger = signed_in(house.stranger)
    for address in (page, f"{page}{row.pk}/"):
        assert stranger.get(address).status_code == 404
        assert house.client(Role.MANAGER).get(address).status_code == 403
    for action in ("secret/", "test/", "delete/", "replay/", f"{row.pk}/replay/"):
        assert stranger.post(page + action).status_code == 404
        assert house.client(Role.MANAGER).post(page + action).status_code == 403
        assert house.client(Role.ADMIN).get(page + action).status_code == 405


def test_pages_ask_no_more_with_more_rows(house: House, django_assert_max_num_queries: Callable[[int], Any]) -> None:
    first = make(house)
    client = house.client(Role.ADMIN)
    for number in range(20):
        deliver(house, first, str(number), Answer(500, "status", "", 5))
    for number in range(10):
        make(house, f"{URL}/{number}")
    client.get(LIST)
    with django_assert_max_num_queries(10):
        client.get(LIST)
    with django_assert_max_num_queries(11):
        client.get(f"{LIST}{first.pk}/")
