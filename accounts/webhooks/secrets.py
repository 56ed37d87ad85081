"""Secrets of endpoints and the signatures made with them.

A secret is derived from the installation's SECRET_KEY and a salt in the endpoint's row: it is shown once and stored
nowhere, and who reads the database can sign nothing.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime

from django.conf import settings
from standardwebhooks import Webhook

PREFIX = "whsec_"
_HINT = len(PREFIX) + 4


class ForeignSecretError(Exception):
    """The secret came out different from when it was shown: SECRET_KEY has changed since."""


def new_salt() -> str:
    return secrets.token_hex(32)


def derive(salt: str) -> str:
    """The secret that belongs to ``salt``: ``whsec_`` and 32 bytes in base64, as the specification wants it."""
    key = hmac.new(settings.SECRET_KEY.encode(), f"webhook\0{salt}".encode(), hashlib.sha256).digest()
    return PREFIX + base64.b64encode(key).decode()


def hint(secret: str) -> str:
    """How ``secret`` begins, for people to tell it from another."""
    return secret[:_HINT]


def headers(*, message_id: str, now: datetime, body: bytes, salts: Sequence[str], expected_hint: str) -> dict[str, str]:
    """The three headers of Standard Webhooks for an attempt at ``now``, signed with the secret of each of ``salts``.

    Raises ``ForeignSecretError`` when the first of them does not begin with ``expected_hint``.
    """
    own = [derive(salt) for salt in salts]
    if hint(own[0]) != expected_hint:
        raise ForeignSecretError
    text = body.decode()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(Webhook(secret).sign(message_id, now.astimezone(UTC), text) for secret in own),
    }
