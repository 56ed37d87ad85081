"""Sign-up is by invitation, unless the operator opened the installation to everybody."""

from __future__ import annotations

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.http import HttpRequest

from csplatform.core.addresses import client_address


class AccountAdapter(DefaultAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return bool(settings.OPEN_SIGNUP)

    def get_client_ip(self, request: HttpRequest) -> str:
        """What the limits on sign-in attempts count by; without a peer (a local socket) all share one count."""
        peer = request.META.get("REMOTE_ADDR") or "0.0.0.0"  # noqa: S104 - a name for "nobody", nothing is bound
        return client_address(peer, request.headers.get("X-Forwarded-For", ""), settings.TRUSTED_PROXIES)
