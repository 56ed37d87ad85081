"""Time-ordered ids: half the write-ahead log and twice the insert rate of random ones in large tables."""

from __future__ import annotations

from uuid import UUID

from uuid_utils.compat import uuid7 as _uuid7


def uuid7() -> UUID:
    """A new version 7 UUID: its first 48 bits are the Unix time in milliseconds, the rest is random."""
    return _uuid7()


def parse_uuid(text: object) -> UUID | None:
    """The UUID written in ``text``, or None where it is not one: a malformed id in an address is "not found"."""
    if isinstance(text, UUID):
        return text
    try:
        return UUID(str(text))
    except ValueError:
        return None
