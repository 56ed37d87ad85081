"""One request to an address somebody else has chosen: to public addresses only, pinned, bounded in time and size."""

from __future__ import annotations

import ipaddress
import socket
import threading
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from requests_hardened import Config, HTTPSession
from requests_hardened.ip_filter import InvalidIPAddress
from requests_hardened.ip_filter_adapter import IPFilterAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError

from accounts.models import Failure
from accounts.webhooks import addresses

ALLOWED_SECONDS = 15.0
_CONNECT_SECONDS = 5.0
_MOST_READ = 4_096
_MOST_KEPT = 500
_AGENT = "Boomerang-Webhooks/1"


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a request. ``status`` is None without an answer, ``error`` empty after a 2xx.

    ``wish``: seconds of ``Retry-After``. ``excerpt``: how the body began.
    """

    status: int | None
    error: str
    excerpt: str
    milliseconds: int
    wish: int | None = None


def post(
    *,
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    named: Collection[str],
    allowed_seconds: float = ALLOWED_SECONDS,
) -> Answer:
    """POST ``body`` to ``url`` and wait at most ``allowed_seconds`` for all of it. Raises nothing a receiver can cause.

    Redirects are answers like others, not followed. ``named``: see ``addresses.target``.
    """
    target = addresses.target(url, named)
    if isinstance(target, addresses.Fault):
        refused = Failure.NOT_PUBLIC if target is addresses.Fault.NOT_PUBLIC else Failure.BAD_ADDRESS
        return Answer(None, refused, "", 0)
    started = time.monotonic()
    with _within(allowed_seconds) as limit:
        try:
            status, excerpt, wish = _exchange(url, body, headers, is_named=target.is_named)
            error = "" if 200 <= status < 300 else Failure.STATUS
        except (requests.RequestException, HTTPError, OSError, UnicodeError) as problem:
            status, excerpt, wish, error = None, "", None, _failure(problem)
        if limit.is_over:  # what was cut off may look like a short answer
            status, excerpt, wish, error = None, "", None, Failure.TIMEOUT
    return Answer(status, str(error), excerpt, round((time.monotonic() - started) * 1000), wish)


def _exchange(url: str, body: bytes, headers: Mapping[str, str], *, is_named: bool) -> tuple[int, str, int | None]:
    sent = {**headers, "Content-Type": "application/json", "Accept-Encoding": "identity"}
    with (
        _session(is_named) as session,
        session.post(url, data=body, headers=sent, stream=True, timeout=(_CONNECT_SECONDS, ALLOWED_SECONDS)) as answer,
    ):
        began = answer.raw.read(_MOST_READ, decode_content=False)
        return answer.status_code, _readable(began), _seconds(answer.headers.get("Retry-After", ""))


class _Limit:
    """Cuts the connections of one request when its time is over: a socket's own timeout begins anew with each byte."""

    def __init__(self) -> None:
        self.is_over = False
        self._sockets: list[socket.socket] = []
        self._lock = threading.Lock()

    def watch(self, made: socket.socket) -> None:
        with self._lock:
            # A second handle, because TLS takes the first one over.
            self._sockets.append(made.dup())

    def cut(self) -> None:
        with self._lock:
            self.is_over = True
            for each in self._sockets:
                try:
                    each.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue  # closed by the other side already

    def close(self) -> None:
        with self._lock:
            for each in self._sockets:
                each.close()
            self._sockets.clear()


_running = threading.local()


@contextmanager
def _within(seconds: float) -> Iterator[_Limit]:
    """Connections this thread makes inside are cut after ``seconds``."""
    limit = _running.limit = _Limit()
    timer = threading.Timer(seconds, limit.cut)
    timer.daemon = True
    timer.start()
    try:
        yield limit
    finally:
        timer.cancel()
        limit.close()
        del _running.limit


class _Plain(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        made = super()._new_conn()
        _running.limit.watch(made)
        return made


class _Secure(HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        made = super()._new_conn()
        _running.limit.watch(made)
        return made


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _Plain


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _Secure


class _Limited(HTTPAdapter):
    """Makes connections that know the limit of their request."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _PlainPool, "https": _SecurePool}


class _PublicOnly(IPFilterAdapter, _Limited):
    """The filter resolves once, refuses what is private and pins the rest; here, whatever else is not public too."""

    def build_connection_pool_key_attributes(self, request: Any, verify: Any, cert: Any = None) -> Any:
        host_params, pool_kwargs = super().build_connection_pool_key_attributes(request, verify, cert)
        pinned = ipaddress.ip_address(str(host_params["host"]).strip("[]"))
        if not addresses.is_public(pinned):
            raise InvalidIPAddress(pinned)
        return host_params, pool_kwargs


class _Session(HTTPSession):
    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """None: looking at where a redirect leads would read the whole body first."""
        return None


def _session(is_named: bool) -> _Session:
    config = Config(
        ip_filter_enable=True,
        ip_filter_allow_loopback_ips=False,
        never_redirect=True,
        default_timeout=(_CONNECT_SECONDS, ALLOWED_SECONDS),
        user_agent_override=_AGENT,
    )
    session = _Session(config)
    session.trust_env = False  # neither a proxy nor credentials of this machine are for strangers
    for scheme in ("http", "https"):
        filtered = _PublicOnly(is_https_proto=scheme == "https")  # type: ignore[call-arg]  # of the base without types
        session.mount(f"{scheme}://", _Limited() if is_named else filtered)
    return session


def _failure(problem: BaseException) -> Failure:
    """The kind of ``problem``, by itself or by what caused it."""
    if isinstance(problem, InvalidIPAddress):
        return Failure.NOT_PUBLIC
    if isinstance(problem, requests.exceptions.SSLError):
        return Failure.TLS
    if isinstance(problem, requests.Timeout | TimeoutError):
        return Failure.TIMEOUT
    if isinstance(problem, UnicodeError) or any(isinstance(each, socket.gaierror) for each in _causes(problem)):
        return Failure.UNKNOWN_HOST
    if isinstance(problem, requests.exceptions.InvalidURL):
        return Failure.BAD_ADDRESS
    return Failure.CONNECTION


def _causes(problem: BaseException | None) -> Iterator[BaseException]:
    while problem is not None:
        yield problem
        problem = problem.__cause__ or problem.__context__


def _readable(content: bytes) -> str:
    text = content.decode("utf-8", "replace")[:_MOST_KEPT]
    return "".join(letter if letter.isprintable() or letter in "\n\t" else "�" for letter in text)


def _seconds(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else None
