"""Texts that must be read again but not by who reads the database: encrypted with a key derived from SECRET_KEY."""

from __future__ import annotations

import base64
import hashlib
import hmac

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings


class ForeignSealError(Exception):
    """The text was sealed with another SECRET_KEY, or for another purpose."""


def seal(text: str, *, purpose: str) -> str:
    """``text`` encrypted and signed (Fernet: AES-128-CBC with HMAC-SHA256); each call gives another."""
    return _box(purpose).encrypt(text.encode()).decode()


def unseal(sealed: str, *, purpose: str) -> str:
    """What ``seal`` was given. Raises ``ForeignSealError``."""
    try:
        return _box(purpose).decrypt(sealed.encode()).decode()
    except InvalidToken as error:
        raise ForeignSealError from error


def _box(purpose: str) -> Fernet:
    key = hmac.new(settings.SECRET_KEY.encode(), f"sealed\0{purpose}".encode(), hashlib.sha256).digest()
    return Fernet(base64.urlsafe_b64encode(key))
