"""What goes over the wire, who hears what, and when to try again. Pure: chance and the clock are passed in."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any

RETRY_FOR = timedelta(days=1)
DISABLE_AFTER = timedelta(days=3)
BOTH_SECRETS_FOR = timedelta(days=1)
# 5 s, 15 s, 45 s … 3 h, then every 3 hours: some fifteen attempts in a day, the first few within minutes.
_FIRST_WAIT = timedelta(seconds=5)
_FACTOR = 3
_LONGEST_WAIT = timedelta(hours=3)
_JITTER = 0.2
# A receiver may ask for more time, but not for so much that the day is over.
_LONGEST_WISH = timedelta(hours=1)

_NAME = re.compile(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*")
_NOUN = re.compile(r"[a-z][a-z0-9_]*\.\*")
_GONE = 410
_SLOW_DOWN = (429, 503)


class Verdict(Enum):
    """What an attempt means for its delivery."""

    ARRIVED = "arrived"
    AGAIN = "again"
    GONE = "gone"


def is_event_name(name: str) -> bool:
    """Whether ``name`` is shaped ``noun.verb_past``."""
    return len(name) <= 100 and _NAME.fullmatch(name) is not None


def is_pattern(pattern: str) -> bool:
    """Whether ``pattern`` is an event name, ``noun.*`` or ``*``."""
    return pattern == "*" or is_event_name(pattern) or (len(pattern) <= 100 and _NOUN.fullmatch(pattern) is not None)


def hears(patterns: Iterable[str], name: str) -> bool:
    """Whether one of ``patterns`` covers the event ``name``."""
    noun = name.partition(".")[0]
    return any(pattern in ("*", name, f"{noun}.*") for pattern in patterns)


def message_id(*parts: str) -> str:
    """The ``webhook-id`` that ``parts`` always give: whatever is told twice under one key arrives under one id."""
    return "msg_" + hashlib.blake2b("\0".join(parts).encode(), digest_size=16).hexdigest()


def body(*, event: str, occurred_at: datetime, data: Mapping[str, Any]) -> bytes:
    """The bytes that are signed and sent; the same at every attempt."""
    moment = occurred_at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    content = {"type": event, "timestamp": moment, "data": dict(data)}
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"), sort_keys=True, allow_nan=False).encode()


def judge(status: int | None) -> Verdict:
    """Any 2xx has arrived, 410 wants nothing any more; all else, no answer included, is tried again."""
    if status is not None and 200 <= status < 300:
        return Verdict.ARRIVED
    return Verdict.GONE if status == _GONE else Verdict.AGAIN


def wait_after(attempts: int, *, chance: float) -> timedelta:
    """How long to wait after attempt number ``attempts`` (from 1).

    ``chance`` in [0, 1) spreads it by a fifth to both sides, so that what failed together does not come back together.
    """
    grown = _FIRST_WAIT.total_seconds() * _FACTOR ** min(attempts - 1, 20)
    seconds = min(grown, _LONGEST_WAIT.total_seconds())
    return timedelta(seconds=seconds * (1 - _JITTER + 2 * _JITTER * chance))


def next_attempt(
    *, attempts: int, now: datetime, give_up_at: datetime, chance: float, status: int | None, wish: int | None
) -> datetime | None:
    """When to try again after a failure at ``now``; None when the time is over. The last attempt is at ``give_up_at``.

    ``wish``: seconds of the answer's ``Retry-After``; heeded with the statuses that mean "slow down".
    """
    if now >= give_up_at:
        return None
    wait = wait_after(attempts, chance=chance)
    if wish is not None and status in _SLOW_DOWN:
        wait = max(wait, min(timedelta(seconds=min(wish, 86_400)), _LONGEST_WISH))
    return min(now + wait, give_up_at)
