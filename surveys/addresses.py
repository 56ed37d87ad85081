"""Where the world finds a survey. The paths are a contract with everybody who has linked to one."""

from __future__ import annotations

from django.conf import settings


def public_path(slug: str) -> str:
    """The page on which people answer."""
    return f"/s/{slug}/"


def public_url(slug: str) -> str:
    """The same as a link to give away."""
    return f"{settings.PUBLIC_URL}{public_path(slug)}"
