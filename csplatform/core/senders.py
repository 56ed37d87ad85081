"""Who sends a request, as far as its network tells: for counting what strangers do."""

from __future__ import annotations

from ipaddress import ip_address

from django.conf import settings
from django.http import HttpRequest

from csplatform.core.addresses import client_address


def sender_of(request: HttpRequest) -> str:
    """The network address the request comes from; of IPv6 the half that belongs to one household."""
    forwarded = request.headers.get("X-Forwarded-For", "")
    address = client_address(request.META.get("REMOTE_ADDR", ""), forwarded, settings.TRUSTED_PROXIES)
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    return str(parsed) if parsed.version == 4 else parsed.exploded[:19]
