"""The worker's sign of life, kept in the broker: `/readyz` tells from it whether anybody does the background work."""

from __future__ import annotations

from functools import cache
from typing import Any

import redis
from celery import bootsteps
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

KEY = "boomerang:worker-alive"
_EVERY_SECONDS = 3.0
_LIVES_SECONDS = 15


@cache
def broker() -> redis.Redis:
    """The broker, with waits short enough for a probe. One client for each process; it reconnects by itself."""
    return redis.Redis.from_url(
        settings.REDIS_URL,
        socket_connect_timeout=1,
        socket_timeout=1,
        # Once, for a connection the server dropped while idle; the client's own habit is to go on for seconds.
        retry=Retry(NoBackoff(), 1),
    )


def worker_is_alive() -> bool:
    """Whether some worker took part in its own event loop within the last quarter of a minute.

    Raises redis.RedisError when the broker does not answer.
    """
    return bool(broker().exists(KEY))


class Heartbeat(bootsteps.StartStopStep):
    """Writes the sign of life from the worker's own event loop, so that a loop that hangs is noticed.

    A thread of its own would go on beating for a worker that no longer takes work.
    """

    requires = ("celery.worker.consumer.tasks:Tasks",)

    def __init__(self, parent: Any, **kwargs: Any) -> None:
        self._timer: Any = None
        super().__init__(parent, **kwargs)

    def start(self, parent: Any) -> None:
        """The consumer is connected (again)."""
        self._beat(parent)
        self._timer = parent.timer.call_repeatedly(_EVERY_SECONDS, self._beat, (parent,))

    def stop(self, parent: Any) -> None:
        """The consumer lost its connection or the worker ends."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    shutdown = stop

    @staticmethod
    def _beat(parent: Any) -> None:
        try:
            broker().set(KEY, parent.hostname, ex=_LIVES_SECONDS)
        except redis.RedisError:
            return  # the consumer notices a lost broker itself; the key then runs out, which is the message
