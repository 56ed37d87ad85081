"""TCP ports: choosing free ones, and telling whether one is taken."""

from __future__ import annotations

import errno
import socket

_TAKEN = {errno.EADDRINUSE}


def is_free(host: str, port: int) -> bool:
    """Whether a server could listen there now.

    Raises OSError when `host` is no address of this machine.
    """
    family, kind, proto, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind, proto) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
            probe.listen(1)
        except OSError as error:
            if error.errno in _TAKEN:
                return False
            raise
    return True


def choose(previous: int | None, avoid: set[int]) -> int:
    """A free loopback port: the previous one when it is still free, so that open connections strings keep working."""
    if previous and previous not in avoid and is_free("127.0.0.1", previous):
        return previous
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        if port not in avoid:
            return port


def answers(host: str, port: int, timeout: float = 1.0) -> bool:
    """Whether something accepts connections there."""
    try:
        with socket.create_connection((host, port), timeout):
            return True
    except OSError:
        return False
