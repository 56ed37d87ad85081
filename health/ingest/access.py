"""Who may send: ``ingest`` keys, remembered for moments so that a busy client costs no look-up per request."""

from __future__ import annotations

import base64
import binascii
import hashlib
import time
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from accounts.services import keys

# A revoked key must stop working within five seconds.
_REMEMBER_SECONDS = 3.0
_MOST_REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class Sender:
    """A key that may send, and the workspace that its events belong to."""

    key_id: UUID
    workspace_id: UUID


_remembered: dict[bytes, tuple[float, Sender | None]] = {}


def key_in_header(header: str) -> str | None:
    """The key in an ``Authorization`` header, Basic (as user name) or Bearer; None when there is none."""
    scheme, _, rest = header.partition(" ")
    if scheme.lower() == "bearer":
        return rest.strip() or None
    if scheme.lower() != "basic":
        return None
    try:
        user = base64.b64decode(rest.strip(), validate=True).decode().partition(":")[0]
    except (binascii.Error, UnicodeDecodeError):
        return None
    return user or None


def find_sender(plaintext: str, *, now: datetime) -> Sender | None:
    """The sender whose key is ``plaintext``; None for unknown and revoked keys and those without ``ingest``."""
    digest = hashlib.sha256(plaintext.encode("utf-8", "surrogatepass")).digest()
    found = _remembered.get(digest)
    moment = time.monotonic()
    if found is not None and found[0] > moment:
        return found[1]
    key = keys.find_key(plaintext)
    sender = None
    if key is not None and "ingest" in key.scopes:
        sender = Sender(key.pk, key.workspace_id)
        keys.touch(key, now=now)
    if len(_remembered) >= _MOST_REMEMBERED:
        _remembered.clear()
    _remembered[digest] = (moment + _REMEMBER_SECONDS, sender)
    return sender


def forget() -> None:
    """Look every key up again."""
    _remembered.clear()
