"""Where a request comes from, seen through the proxies we trust and no others."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_address, ip_network


def client_address(peer: str, forwarded_for: str, trusted: Sequence[str]) -> str:
    """The address of the client.

    ``peer``: who opened the connection. ``forwarded_for``: the ``X-Forwarded-For`` header, read from its end and only
    as far as each hop is one of ``trusted`` (addresses or networks), since anybody can write its beginning.
    """
    hops = [hop.strip() for hop in forwarded_for.split(",") if hop.strip()]
    address = peer
    while hops and _is_trusted(address, trusted):
        candidate = hops.pop()
        if not _is_address(candidate):
            break
        address = candidate
    return address


def _is_trusted(address: str, trusted: Sequence[str]) -> bool:
    return _is_address(address) and any(ip_address(address) in ip_network(net, strict=False) for net in trusted)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
