"""The embedded Valkey: its configuration and whether it answers."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import quote

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from csplatform.local.errors import LocalError
from csplatform.local.processes import Account


def url(password: str, port: int) -> str:
    """The connection URL."""
    return f"redis://:{quote(password, safe='')}@127.0.0.1:{port}/0"


def configure(folder: Path, port: int, password: str, account: Account | None) -> Path:
    """Write the configuration file and return its path.

    The append-only file is on and nothing is ever evicted: queued work must outlive a kill.
    """
    folder.mkdir(mode=0o700, exist_ok=True)
    file = folder / "valkey.conf"
    lines = [
        "bind 127.0.0.1",
        f"port {port}",
        "protected-mode yes",
        f"requirepass {password}",
        f'dir "{folder}"',
        "appendonly yes",
        "appendfsync everysec",
        'save ""',
        "maxmemory-policy noeviction",
        "daemonize no",
        "loglevel notice",
        "tcp-keepalive 60",
    ]
    file.touch(mode=0o600)
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    if account:
        os.chown(folder, account.uid, account.gid)
        os.chown(file, account.uid, account.gid)
    return file


def ready(address: str) -> bool:
    """Whether the server answers and has loaded its data."""
    client = _client(address, seconds=1)
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False
    finally:
        client.close()


def check_external(name: str, address: str) -> None:
    """Raise LocalError unless the Redis-protocol server at `address` answers."""
    try:
        client = _client(address, seconds=3)
        client.ping()
        client.close()
    except (redis.RedisError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise LocalError(
            f"{name} does not answer: {reason[:200]}. Start that server or correct {name}; "
            f"without {name} the embedded Valkey is used."
        ) from error


def _client(address: str, *, seconds: float) -> redis.Redis:
    # Without the client's own retries, which would hold up the one loop that watches everything.
    return redis.Redis.from_url(
        address, socket_connect_timeout=seconds, socket_timeout=seconds, retry=Retry(NoBackoff(), 0)
    )
