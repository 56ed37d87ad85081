"""``/v1/*``: plain views, as a request of a hundred events should cost about a millisecond."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec
import structlog
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import InterfaceError, OperationalError, connection
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from csplatform.core.ids import uuid7
from health.ingest import access, inbox, protocol
from health.ingest.body import MAX_BODY_BYTES, TooLargeError, UnreadableError, read_body
from health.ingest.moments import micros
from health.ingest.rate import RateLimit
from health.ingest.wake import waker

log = structlog.get_logger(__name__)
_encode = msgspec.json.Encoder().encode
_SUCCESS = b'{"success":true}'
_RETRY_SECONDS = 5
_DAY_MICROS = 86_400_000_000
_limit: RateLimit | None = None


class _AnswerError(Exception):
    """Internal: stop here and give this answer."""

    def __init__(self, response: HttpResponse) -> None:
        self.response = response


def _view(kind: str | None) -> Callable[[HttpRequest], HttpResponse]:
    @csrf_exempt
    def view(request: HttpRequest) -> HttpResponse:
        try:
            return _ingest(request, kind)
        except _AnswerError as answer:
            return answer.response

    view.__name__ = kind or "batch"
    return view


batch = _view(None)
track, identify, group, page, screen, alias = (
    _view(kind) for kind in ("track", "identify", "group", "page", "screen", "alias")
)
ROUTES: dict[str, Callable[[HttpRequest], HttpResponse]] = {
    "/v1/batch": batch,
    "/v1/track": track,
    "/v1/identify": identify,
    "/v1/group": group,
    "/v1/page": page,
    "/v1/screen": screen,
    "/v1/alias": alias,
}


def _ingest(request: HttpRequest, kind: str | None) -> HttpResponse:
    if request.method != "POST":
        raise _AnswerError(_problem(405, "method_not_allowed", "Use POST.", headers={"Allow": "POST"}))
    now = datetime.now(UTC)
    header = request.META.get("HTTP_AUTHORIZATION", "")
    sender = _authorised(access.key_in_header(header), now) if header else None
    body = _open(_body_of(request), kind)
    if sender is None:
        sender = _authorised(body.write_key, now)
    clock = protocol.Clock(micros(now), settings.EVENT_RETENTION_DAYS * _DAY_MICROS)
    parsed = protocol.normalise(body, clock=clock, kind=kind, new_id=lambda: str(uuid7()))
    if parsed.count:
        _keep(sender, now, parsed)
        waker.wake(sender.workspace_id)
    return _outcome(parsed)


def _authorised(plaintext: str | None, now: datetime) -> access.Sender:
    try:
        sender = access.find_sender(plaintext, now=now) if plaintext else None
    except DatabaseError as error:
        raise _AnswerError(_unavailable()) from error
    if sender is None:
        raise _AnswerError(
            _problem(
                401,
                "unauthorized",
                "Send a live key with the scope ingest: HTTP Basic as user name, Bearer, or writeKey in the body.",
                headers={"WWW-Authenticate": 'Basic realm="ingest"'},
            )
        )
    wait = _rate_limit().allow(sender.key_id, clock=time.time())
    if wait:
        raise _AnswerError(
            _problem(429, "too_many_requests", "Too many requests for this key.", headers={"Retry-After": str(wait)})
        )
    return sender


def _rate_limit() -> RateLimit:
    global _limit
    if _limit is None or _limit.per_minute != settings.INGEST_RATE_PER_MINUTE:
        _limit = RateLimit(settings.INGEST_RATE_PER_MINUTE)
    return _limit


def _body_of(request: HttpRequest) -> bytes:
    meta: dict[str, Any] = request.META
    length = meta.get("CONTENT_LENGTH") or ""
    chunked = "chunked" in meta.get("HTTP_TRANSFER_ENCODING", "").lower()
    try:
        # Straight from the server: Django reads nothing of a chunked body.
        stream = meta["wsgi.input"]
        declared = int(length) if length.isascii() and length.isdigit() else (None if chunked else 0)
        return read_body(stream, declared=declared, encoding=meta.get("HTTP_CONTENT_ENCODING", "").strip().lower())
    except TooLargeError as error:
        raise _AnswerError(
            _problem(413, "too_large", f"A batch may have {MAX_BODY_BYTES // 1024} KB, unpacked.")
        ) from error
    except (UnreadableError, OSError) as error:
        raise _AnswerError(_problem(400, "unreadable", f"{str(error)[:300]}.")) from error


def _open(body: bytes, kind: str | None) -> protocol.Body:
    try:
        return protocol.open_single(body) if kind else protocol.open_batch(body)
    except protocol.MalformedError as error:
        detail = f"The body is not usable: {str(error)[:300]}. Nothing was kept."
        raise _AnswerError(_problem(400, "malformed", detail)) from error
    except protocol.TooManyMessagesError as error:
        detail = f"A batch may hold {protocol.MAX_BATCH_MESSAGES} messages. Nothing was kept: split it."
        raise _AnswerError(_problem(413, "too_many_messages", detail)) from error


def _keep(sender: access.Sender, now: datetime, parsed: protocol.Parsed) -> None:
    def append() -> None:
        inbox.append(workspace_id=sender.workspace_id, received_at=now, messages=parsed.count, payload=parsed.payload)

    try:
        try:
            append()
        except (OperationalError, InterfaceError):
            # A connection that died while idle; what was sent twice is counted once.
            connection.close()
            append()
    except DatabaseError as error:
        log.warning("ingest refused: the database does not take it", error=type(error).__name__)
        connection.close()
        raise _AnswerError(_unavailable()) from error


def _outcome(parsed: protocol.Parsed) -> HttpResponse:
    if not parsed.rejected:
        return _json(200, _SUCCESS) if parsed.count else _problem(400, "empty", "The batch holds no message.")
    if parsed.count:
        return _json(200, _encode({"success": True, "rejected": parsed.rejected}))
    reasons = "; ".join(dict.fromkeys(rejection.reason for rejection in parsed.rejected[:3]))
    return _problem(400, "nothing_usable", f"No message could be kept: {reasons}.", rejected=parsed.rejected)


def _unavailable() -> HttpResponse:
    detail = "The database does not answer; nothing was kept. Send it again."
    return _problem(503, "unavailable", detail, headers={"Retry-After": str(_RETRY_SECONDS)})


_TITLES = {
    400: "Bad Request",
    401: "Unauthorized",
    405: "Method Not Allowed",
    413: "Content Too Large",
    429: "Too Many Requests",
    503: "Service Unavailable",
}


def _problem(
    status: int,
    code: str,
    detail: str,
    *,
    rejected: list[protocol.Rejection] | None = None,
    headers: dict[str, str] | None = None,
) -> HttpResponse:
    """RFC 9457, with ``code`` and ``message`` beside it because the SDKs log those."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": _TITLES[status],
        "status": status,
        "detail": detail,
        "success": False,
        "code": code,
        "message": detail,
    }
    if rejected is not None:
        body["rejected"] = rejected
    response = _json(status, _encode(body), "application/problem+json")
    for name, value in (headers or {}).items():
        response[name] = value
    # Django logs every 4xx and 5xx; a client's mistake is told to the client.
    response._has_been_logged = True  # type: ignore[attr-defined]  # Django's own mark, unknown to its types
    return response


def _json(status: int, body: bytes, content_type: str = "application/json") -> HttpResponse:
    return HttpResponse(body, status=status, content_type=content_type)
