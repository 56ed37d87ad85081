"""``Idempotency-Key``: the first answer to a POST is kept in its own transaction and replayed for a day."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from csplatform.core import locks
from csplatform.core.idempotency import KEPT_FOR
from csplatform.core.models import IdempotencyRecord
from csplatform.core.rest.problems import Problem, invalid
from csplatform.core.tenancy import current_workspace_id

HEADER = "Idempotency-Key"
MAX_LENGTH = 255
_REPLAYED_HEADERS = ("Location", "ETag", "Content-Type")


def once(request: Request, answer: Callable[[], Response], *, now: datetime) -> Response:
    """The kept answer to this key, or ``answer()``, which is kept when it succeeds.

    Refusals (4xx) are not kept: they change nothing, and the corrected request may use the same key. Raises 409
    while the first request is still at work, and 422 when the key came with another request before.
    """
    key = _key_of(request)
    if key is None:
        return answer()
    print_of_request = _fingerprint(request)
    _lock(key)
    kept = IdempotencyRecord.objects.filter(key=key).first()
    if kept is not None and now - kept.created_at < KEPT_FOR:
        return _replay(kept, print_of_request)
    response = answer()
    response.render()
    IdempotencyRecord.objects.update_or_create(
        key=key,
        workspace_id=current_workspace_id(),
        defaults={
            "fingerprint": print_of_request,
            "status": response.status_code,
            "body": response.content.decode(),
            "headers": {name: response[name] for name in _REPLAYED_HEADERS if response.has_header(name)},
            "created_at": now,
        },
    )
    return response


def _key_of(request: Request) -> str | None:
    key = request.headers.get(HEADER)
    if key is None:
        return None
    if not key or len(key) > MAX_LENGTH or not key.isprintable() or not key.isascii():
        message = _("Expected 1 to %(most)d printable ASCII characters.") % {"most": MAX_LENGTH}
        raise invalid([(HEADER, message)])
    return key


def _lock(key: str) -> None:
    """Held until the transaction ends, so that a duplicate meanwhile learns it is one instead of waiting."""
    if not locks.try_hold(f"idempotency:{key}"):
        detail = _("The first request with this Idempotency-Key is still at work. Ask again in a moment.")
        raise Problem(409, detail, kind="idempotency-in-progress", headers={"Retry-After": "1"})


def _fingerprint(request: Request) -> str:
    """What makes two requests the same: method, address and content, files included."""
    digest = hashlib.blake2b(digest_size=32)
    digest.update(f"{request.method} {request.get_full_path()}\0".encode())
    if isinstance(request.data, MultiValueDict):
        for name, values in sorted(request.data.lists()):
            for value in values:
                digest.update(f"{name}\0".encode())
                chunks = value.chunks() if hasattr(value, "chunks") else [str(value).encode()]
                for chunk in chunks:
                    digest.update(chunk)
                if hasattr(value, "seek"):
                    value.seek(0)
                digest.update(b"\0")
    else:
        digest.update(request._request.body)
    return digest.hexdigest()


def _replay(kept: IdempotencyRecord, print_of_request: str) -> Response:
    if kept.fingerprint != print_of_request:
        detail = _("This Idempotency-Key was used for another request. Use a new key for a new request.")
        raise Problem(422, detail, kind="idempotency-key-reused")
    return Replayed(kept)


class Replayed(Response):
    """A kept answer, byte by byte, marked as a replay."""

    def __init__(self, kept: IdempotencyRecord) -> None:
        headers = {**kept.headers, "Idempotency-Replayed": "true"}
        self._kept_body = kept.body.encode()
        super().__init__(status=kept.status, headers=headers)

    @property
    def rendered_content(self) -> Any:
        return self._kept_body
