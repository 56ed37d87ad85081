"""Addresses that leave the site: for mails and for operators."""

from __future__ import annotations

from django.conf import settings
from django.urls import reverse


def setup_link(key: str) -> str:
    """Where the first workspace is made with ``key``."""
    return f"{settings.PUBLIC_URL}{reverse('setup_with_key', args=[key])}"
