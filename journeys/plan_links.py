"""The secret in the address of a shared plan: names its workspace and its link, and is signed, not stored.

A link can so be shown again to those who made it, and nothing that is stored opens a plan. Revoking is the row's part;
a new secret key of the installation closes every link.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from uuid import UUID

from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac

from journeys.models import PlanLink

_LENGTH = 64


def token_of(link: PlanLink) -> str:
    """64 letters that fit into an address."""
    named = link.workspace_id.bytes + link.pk.bytes
    return urlsafe_b64encode(named + _signature(named)).decode()


def url_of(link: PlanLink) -> str:
    return f"{settings.PUBLIC_URL}/p/{token_of(link)}/"


def read(token: str) -> tuple[UUID, UUID] | None:
    """(workspace, link) that a token names; None unless we signed it."""
    if len(token) != _LENGTH or not token.isascii():
        return None
    try:
        raw = urlsafe_b64decode(token)
    except ValueError:
        return None
    named, signature = raw[:32], raw[32:]
    if not constant_time_compare(signature, _signature(named)):
        return None
    return UUID(bytes=named[:16]), UUID(bytes=named[16:])


def _signature(named: bytes) -> bytes:
    return salted_hmac("journeys.plan_links", named, algorithm="sha256").digest()[:16]
