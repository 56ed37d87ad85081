"""What a client of ``/v1`` may rely on: what is kept, what is named, what is refused and how."""

from __future__ import annotations

import base64
import gzip
import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import OperationalError

from accounts.models import ApiKey
from accounts.services import keys
from csplatform.core import audit
from csplatform.core.tenancy import workspace_scope
from health.ingest import inbox, rate
from health.models import InboxBatch
from tests.health.ingest.conftest import Sender


def track(number: int = 1, **fields: Any) -> dict[str, Any]:
    return {"type": "track", "messageId": f"m-{number}", "userId": "u-1", "event": "report.opened", **fields}


def test_a_batch_is_durable_before_the_answer(sender: Sender) -> None:
    response = sender.batch(track(1), track(2))
    assert (response.status_code, response.json()) == (200, {"success": True})
    assert sender.waiting() == 2


@pytest.mark.parametrize("kind", ["track", "identify", "group", "page", "screen", "alias"])
def test_every_call_has_its_address(sender: Sender, kind: str) -> None:
    body = {"userId": "u-1", "groupId": "c-1", "event": "x", "previousId": "p", "traits": {}, "name": "Home"}
    assert sender.post(f"/v1/{kind}", body).status_code == 200
    assert sender.post(f"/v1/{kind}/", body).status_code == 200
    assert sender.waiting() == 2


def test_the_key_may_come_as_basic_user_bearer_or_write_key(sender: Sender) -> None:
    body = {"batch": [track()]}
    assert sender.post("/v1/batch", body).status_code == 200
    assert sender.post("/v1/batch", body, HTTP_AUTHORIZATION=f"Bearer {sender.key}").status_code == 200
    assert sender.post("/v1/batch", body | {"writeKey": sender.key}, HTTP_AUTHORIZATION="").status_code == 200
    assert sender.post("/v1/track", track() | {"writeKey": sender.key}, HTTP_AUTHORIZATION="").status_code == 200


def test_unknown_keys_and_keys_without_the_scope_are_refused(sender: Sender) -> None:
    _, reader = keys.create_key(
        workspace=sender.workspace, name="reader", scopes=["read"], actor=audit.SYSTEM, now=datetime.now(UTC)
    )
    for key in ("nobody", reader, sender.key + "x", "é"):
        response = sender.post("/v1/batch", {"batch": [track()]}, key=key)
        assert response.status_code == 401
        assert response["WWW-Authenticate"].startswith("Basic")
    assert sender.post("/v1/batch", {"batch": [track()]}, HTTP_AUTHORIZATION="Basic !!!").status_code == 401
    assert sender.waiting() == 0


def test_a_revoked_key_stops_working_within_five_seconds(sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    assert sender.batch(track()).status_code == 200
    keys.revoke_key(key=ApiKey.objects.get(), actor=audit.SYSTEM, now=datetime.now(UTC))
    later = time.monotonic() + 5
    monkeypatch.setattr("health.ingest.access.time.monotonic", lambda: later)
    assert sender.batch(track()).status_code == 401


def test_a_bad_message_is_named_and_the_good_ones_are_kept(sender: Sender) -> None:
    response = sender.batch(track(1), track(2, userId=None), track(3, type="dance"), {"type": "track"}, track(5))
    assert response.status_code == 200
    assert response.json()["success"] is True
    rejected = response.json()["rejected"]
    assert [(found["index"], found["messageId"]) for found in rejected] == [(1, "m-2"), (2, "m-3"), (3, None)]
    assert "userId" in rejected[0]["reason"]
    assert sender.waiting() == 2


DEEP = b'{"a":' * 3_000 + b"1" + b"}" * 3_000
HOSTILE = {
    "NUL": b'{"x":"a\\u0000b"}',
    "surrogate": b'{"x":"\\ud800"}',
    "NaN": b'{"x":NaN}',
    "infinity": b'{"x":-Infinity}',
    "huge float": b'{"x":1e400}',
    "huge whole number": b'{"x":' + b"9" * 40 + b"}",
    "very huge whole number": b'{"x":' + b"9" * 5_000 + b"}",
    "deep": b'{"x":' * 60 + b"1" + b"}" * 60,
    "very deep": DEEP,
    "not UTF-8": b'{"x":"\xff\xfe"}',
    "too large": b'{"x":"' + b"y" * 33_000 + b'"}',
    "wrong type": b'["x"]',
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_messages_do_not_cost_their_neighbours(sender: Sender, name: str) -> None:
    def message(number: int, properties: bytes) -> bytes:
        return b'{"type":"track","userId":"u","event":"e","messageId":"m-%d","properties":' % number + properties + b"}"

    body = b'{"batch":[' + b",".join([message(0, b"{}"), message(1, HOSTILE[name]), message(2, b'{"z":[1]}')]) + b"]}"
    response = sender.post("/v1/batch", body)
    assert response.status_code == 200, response.content
    (rejected,) = response.json()["rejected"]
    assert (rejected["index"], rejected["messageId"]) in [(1, "m-1"), (1, None)]
    assert rejected["reason"]
    assert sender.waiting() == 2
    single = sender.post("/v1/track", message(1, HOSTILE[name]))
    assert single.status_code == 400
    assert single.json()["rejected"][0]["reason"]


def test_emoji_and_right_to_left_text_pass(sender: Sender) -> None:
    for ascii_only in (True, False):
        text = json.dumps({"batch": [track(event="פתח 😀", properties={"שם": "👍🏽"})]}, ensure_ascii=ascii_only)
        assert sender.post("/v1/batch", text.encode()).json() == {"success": True}


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b'"x"', b"{}", b'{"batch":{}}', b'{"batch":[]}', b'{"batch":[1]}', b"\xff"]
)
def test_a_body_without_a_usable_message_is_a_clear_400(sender: Sender, body: bytes) -> None:
    response = sender.post("/v1/batch", body)
    assert response.status_code == 400
    assert response["Content-Type"] == "application/problem+json"
    assert response.json()["detail"]
    assert sender.post("/v1/track", body).status_code == 400
    assert sender.waiting() == 0


def test_gzip_is_unpacked_and_bombs_are_stopped(sender: Sender) -> None:
    assert sender.post("/v1/batch", {"batch": [track()]}, gzipped=True).status_code == 200
    bomb = gzip.compress(b" " * 200_000_000)
    assert sender.post("/v1/batch", bomb, HTTP_CONTENT_ENCODING="gzip").status_code == 413
    for broken in (b"no gzip", gzip.compress(b"{}")[:-9]):
        assert sender.post("/v1/batch", broken, HTTP_CONTENT_ENCODING="gzip").status_code == 400
    assert sender.post("/v1/batch", b"{}", HTTP_CONTENT_ENCODING="br").status_code == 400
    assert sender.waiting() == 1


def test_limits_of_a_batch(sender: Sender) -> None:
    small = {"type": "track", "userId": "u", "event": "e"}
    assert sender.batch(*[small] * 2_500).status_code == 200
    assert sender.batch(*[small] * 2_501).status_code == 413
    assert sender.batch(*[small | {"properties": {"x": "y" * 30_000}}] * 18).status_code == 413
    assert sender.waiting() == 2_500


def test_ten_megabytes_are_refused_unread(sender: Sender) -> None:
    class Unread:
        def read(self, size: int) -> bytes:
            raise AssertionError("was read")

        readline = read

    environ: Any = {"CONTENT_LENGTH": "10000000", "wsgi.input": Unread()}
    response = sender.client.generic("POST", "/v1/batch", HTTP_AUTHORIZATION=f"Bearer {sender.key}", **environ)
    assert response.status_code == 413


def test_other_methods_are_refused(sender: Sender) -> None:
    response = sender.client.get("/v1/batch")
    assert (response.status_code, response["Allow"]) == (405, "POST")


def test_a_key_that_sends_too_often_is_told_when_to_come_back(
    sender: Sender, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.INGEST_RATE_PER_MINUTE = 3
    answers = [sender.batch(track()) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    assert 1 <= int(answers[-1]["Retry-After"]) <= 60


def test_without_valkey_nobody_is_refused_or_kept_waiting(sender: Sender, settings: Any) -> None:
    import redis

    nobody = redis.Redis(host="127.0.0.1", port=1, socket_connect_timeout=0.2)
    limit = rate.RateLimit(1, client=nobody)
    assert [limit.allow(sender.workspace.pk, clock=1_000.0 + step) for step in range(3)] == [0, 0, 0]


def test_a_database_that_is_away_is_a_503_with_retry_after(sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    assert sender.batch(track()).status_code == 200

    def away(**_: Any) -> None:
        raise OperationalError("away")

    monkeypatch.setattr(inbox, "append", away)
    response = sender.batch(track())
    assert response.status_code == 503
    assert int(response["Retry-After"]) > 0


def test_a_connection_that_died_while_idle_is_replaced(sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    real, calls = inbox.append, []

    def flaky(**values: Any) -> None:
        calls.append(values)
        if len(calls) == 1:
            raise OperationalError("server closed the connection unexpectedly")
        real(**values)

    monkeypatch.setattr(inbox, "append", flaky)
    assert sender.batch(track()).status_code == 200
    assert sender.waiting() == 1


def _times(sender: Sender, **message: Any) -> timedelta:
    """How long before its receipt the only message of the inbox is dated."""
    envelope = message.pop("envelope", {})
    response = sender.batch(track(**message), **envelope)
    assert response.json() == {"success": True}
    with workspace_scope(sender.workspace):
        row = InboxBatch.objects.latest("id")
    at = json.loads(bytes(row.payload))[0][5]
    return row.received_at - datetime.fromtimestamp(0, UTC) - timedelta(microseconds=at)


def test_clock_skew_is_taken_out(sender: Sender) -> None:
    sent = "2099-01-01T12:00:00Z"
    assert _times(sender, originalTimestamp="2099-01-01T11:00:00Z", sentAt=sent) == timedelta(hours=1)
    assert _times(sender, timestamp="2099-01-01T11:00:00Z", envelope={"sentAt": sent}) == timedelta(hours=1)
    assert _times(sender, timestamp="1970-01-01T00:00:00", sentAt="1970-01-01T00:00:09") == timedelta(seconds=9)


def test_without_sent_at_the_time_is_taken_as_it_is_and_naive_means_utc(sender: Sender) -> None:
    when = datetime.now(UTC) - timedelta(days=3)
    for text in (when.isoformat(), when.replace(tzinfo=None).isoformat()):
        assert timedelta(days=3) <= _times(sender, timestamp=text) < timedelta(days=3, seconds=10)


def test_the_future_is_clamped_and_times_beyond_retention_are_refused(sender: Sender) -> None:
    assert _times(sender, timestamp="2099-01-01T00:00:00Z") == timedelta(0)
    assert _times(sender, timestamp="9999-12-31T23:59:59-14:00") == timedelta(0)
    for text in ("1970-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "yesterday", "", "2026-02-30"):
        response = sender.batch(track(1), track(2, timestamp=text))
        assert [found["index"] for found in response.json()["rejected"]] == [1], text


def test_no_session_cookie_or_token_is_asked_for(sender: Sender) -> None:
    response = sender.batch(track())
    assert not response.cookies
    token = base64.b64encode(f"{sender.key}:anything".encode()).decode()
    assert sender.post("/v1/batch", {"batch": [track()]}, HTTP_AUTHORIZATION=f"basic {token}").status_code == 200
