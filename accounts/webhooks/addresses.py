"""Which addresses webhooks may go to. Pure: no name is resolved here, that is for the moment of sending."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum
from urllib.parse import urlsplit

LONGEST = 2000

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


class Fault(Enum):
    """What is wrong with an address."""

    MALFORMED = "malformed"
    NOT_HTTPS = "not_https"
    CREDENTIALS = "credentials"
    NOT_PUBLIC = "not_public"


@dataclass(frozen=True, slots=True)
class Target:
    """Where a URL leads. ``is_named``: the operator has named this host as one that may be private."""

    host: str
    port: int
    is_named: bool


def target(url: str, named: Collection[str]) -> Target | Fault:
    """Where ``url`` leads, or why webhooks do not go there.

    ``named``: hosts, each alone or as ``host:port``, that may be private and without TLS; all others must be public.
    """
    if len(url) > LONGEST or not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        return Fault.MALFORMED
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        return Fault.MALFORMED
    if parts.scheme not in ("http", "https") or not host or "%" in host or port == 0:
        return Fault.MALFORMED
    if "@" in parts.netloc:
        return Fault.CREDENTIALS
    port = port or (443 if parts.scheme == "https" else 80)
    if host in named or f"{host}:{port}" in named:
        return Target(host, port, is_named=True)
    if parts.scheme != "https":
        return Fault.NOT_HTTPS
    literal = _literal(host)
    if literal is not None and not is_public(literal):
        return Fault.NOT_PUBLIC
    if literal is None and (host == "localhost" or host.endswith((".localhost", ".local", ".internal"))):
        return Fault.NOT_PUBLIC
    return Target(host, port, is_named=False)


def is_public(address: IPAddress) -> bool:
    """Whether ``address`` is of the open internet; an IPv4 address inside an IPv6 one is judged as itself."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is not None:
            return is_public(inner)
        if int(address) >> 32 == 0 or address.is_site_local:  # ::/96 held IPv4 addresses once
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def _literal(host: str) -> IPAddress | None:
    """The address written in ``host``, in any spelling a system takes: decimal, octal, hex, short. Else None."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        pass
    try:
        return ipaddress.IPv4Address(socket.inet_aton(host))
    except OSError:
        return None
