"""Telling a worker that the inbox has something, without making the client wait for the broker.

Only a wake-up: a lost one is made good by the sweep. A short-lived mark in Valkey keeps it to one waiting drain per
workspace; the drain removes the mark before it looks, so whatever comes later wakes it again.
"""

from __future__ import annotations

import threading
from uuid import UUID

import redis
import structlog
from celery import current_app
from django.conf import settings
from kombu.exceptions import OperationalError

log = structlog.get_logger(__name__)

DRAIN_TASK = "health.drain"
_MARK_SECONDS = 5
_PAUSE_AFTER_FAILURE = 1.0
_TIMEOUT = 0.5


def valkey() -> redis.Redis:
    """A client that gives up soon: nothing here may hold anybody up."""
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=_TIMEOUT, socket_connect_timeout=_TIMEOUT)


def _mark(workspace_id: UUID) -> str:
    return f"ingest:waiting:{workspace_id}"


class Waker:
    """A thread of the web process that sends wake-ups; ``wake`` only notes who must be woken."""

    def __init__(self) -> None:
        self._waiting: set[UUID] = set()
        self._lock = threading.Lock()
        self._news = threading.Event()
        self._thread: threading.Thread | None = None

    def wake(self, workspace_id: UUID) -> None:
        with self._lock:
            self._waiting.add(workspace_id)
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="ingest-waker", daemon=True)
                self._thread.start()
        self._news.set()

    def _run(self) -> None:
        client = valkey()
        stop = threading.Event()
        while True:
            self._news.wait()
            self._news.clear()
            with self._lock:
                waiting, self._waiting = self._waiting, set()
            for workspace_id in waiting:
                try:
                    send(workspace_id, client=client)
                except (redis.RedisError, OperationalError, OSError):
                    log.warning("broker does not answer; the sweep will drain", workspace=str(workspace_id))
                    stop.wait(_PAUSE_AFTER_FAILURE)


def send(workspace_id: UUID, *, client: redis.Redis) -> bool:
    """Ask for a drain unless one is already waiting to start; returns whether one was asked for."""
    if not client.set(_mark(workspace_id), b"1", nx=True, ex=_MARK_SECONDS):
        return False
    current_app.send_task(DRAIN_TASK, args=[str(workspace_id)], retry=False)
    return True


def unmark(workspace_id: UUID, *, client: redis.Redis) -> None:
    """From now on arrivals ask for a drain again. A Valkey that is away changes nothing: the sweep serves."""
    try:
        client.delete(_mark(workspace_id))
    except redis.RedisError:
        log.warning("valkey does not answer", workspace=str(workspace_id))


waker = Waker()
