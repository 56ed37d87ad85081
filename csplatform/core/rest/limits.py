"""Requests per minute, counted in Valkey. Without Valkey there is no limit: it is never a condition of service."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime
from functools import cache

import redis
import structlog
from django.conf import settings

WINDOW_SECONDS = 60
_TIMEOUT_SECONDS = 0.25
_PAUSE_SECONDS = 5.0

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left of a minute: ``used`` counts the present request; ``resets_in`` is in seconds."""

    limit: int
    used: int
    resets_in: int

    @property
    def exceeded(self) -> bool:
        return self.used > self.limit

    @property
    def headers(self) -> dict[str, str]:
        return {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(max(0, self.limit - self.used)),
            "RateLimit-Reset": str(self.resets_in),
        }


class _Breaker:
    """After a failure Valkey is left alone for a few seconds, so that its absence does not slow every request."""

    def __init__(self) -> None:
        self.closed_until = 0.0

    @property
    def is_open(self) -> bool:
        return time.monotonic() < self.closed_until

    def trip(self) -> None:
        self.closed_until = time.monotonic() + _PAUSE_SECONDS


_breaker = _Breaker()


def count(caller: str, *, limit: int, now: datetime, cost: int = 1, window: int = WINDOW_SECONDS) -> Allowance:
    """Count a request of ``caller`` in the present minute (UTC), or ``window`` of seconds, and say what is left."""
    place, second = divmod(int(now.timestamp()), window)
    resets_in = window - second
    if _breaker.is_open:
        return Allowance(limit, 0, resets_in)
    name = f"rate:{caller}:{place}"
    try:
        pipeline = _client(settings.REDIS_URL).pipeline(transaction=True)
        pipeline.incrby(name, cost)
        pipeline.expire(name, 2 * window)
        used = int(pipeline.execute()[0])
    except redis.RedisError as error:
        _breaker.trip()
        _log.warning("rate_limit_unavailable", reason=type(error).__name__)
        used = 0
    return Allowance(limit, used, resets_in)


@cache
def _client(url: str) -> redis.Redis:
    return redis.Redis.from_url(url, socket_timeout=_TIMEOUT_SECONDS, socket_connect_timeout=_TIMEOUT_SECONDS)
