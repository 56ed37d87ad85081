"""A ceiling on requests per key and minute, counted in Valkey for all web processes together.

Each process counts by itself and adds its share a few times a second, so that a request does not pay for a round trip;
the ceiling is therefore kept to within a fraction of a second's requests. Without Valkey nobody is refused.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from uuid import UUID

import redis
import structlog

from health.ingest.wake import valkey

log = structlog.get_logger(__name__)

_SHARE_EVERY = 0.25
_PAUSE_AFTER_FAILURE = 5.0


@dataclass(slots=True)
class _Count:
    minute: int
    unshared: int = 0
    total: int = 0
    shared_at: float = 0.0


@dataclass
class RateLimit:
    """``allow`` says how many seconds to wait; 0 means go on. ``clock`` values are Unix seconds."""

    per_minute: int
    client: redis.Redis = field(default_factory=valkey)
    _counts: dict[UUID, _Count] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _broken_until: float = 0.0

    def allow(self, key_id: UUID, *, clock: float) -> int:
        minute = int(clock // 60)
        with self._lock:
            count = self._counts.get(key_id)
            if count is None or count.minute != minute:
                count = self._counts[key_id] = _Count(minute, shared_at=clock - _SHARE_EVERY)
            count.unshared += 1
            if clock - count.shared_at >= _SHARE_EVERY and clock >= self._broken_until:
                self._share(key_id, count, clock)
            if clock < self._broken_until or count.total + count.unshared <= self.per_minute:
                return 0
        return max(1, round((minute + 1) * 60 - clock))

    def _share(self, key_id: UUID, count: _Count, clock: float) -> None:
        name = f"ingest:rate:{key_id}:{count.minute}"
        try:
            with self.client.pipeline(transaction=False) as pipe:
                pipe.incrby(name, count.unshared)
                pipe.expire(name, 120)
                count.total = int(pipe.execute()[0])
        except redis.RedisError:
            self._broken_until = clock + _PAUSE_AFTER_FAILURE
            log.warning("valkey does not answer; requests are not limited meanwhile")
            return
        count.unshared, count.shared_at = 0, clock
