"""Under which name people are shown. Pure."""

from __future__ import annotations

import base64
import hashlib
import hmac
from uuid import UUID

LEAST_SHOWN = 5
"""Where people are shown in aggregate only, groups of fewer say nothing about anybody's state."""


def pseudonym(contact_id: UUID, secret: bytes) -> str:
    """Six letters and digits, always the same for a person in a workspace; the secret leads nowhere back."""
    digest = hmac.new(secret, contact_id.bytes, hashlib.sha256).digest()
    return base64.b32encode(digest).decode()[:6]
