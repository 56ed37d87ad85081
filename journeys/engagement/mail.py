"""Reading ``.eml`` files. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime
from email import message_from_bytes
from email.header import decode_header
from email.message import Message
from email.utils import getaddresses, parsedate_to_datetime
from itertools import islice

from journeys.engagement import plain
from journeys.engagement.files import (
    MAX_BODY,
    MAX_BYTES,
    MAX_PARTS,
    MAX_PEOPLE,
    MAX_SUBJECT,
    Person,
    Spoken,
    UnreadableError,
)


def read(content: bytes) -> Spoken:
    """The one message of the file; raises ``UnreadableError``."""
    if len(content) > MAX_BYTES:
        raise UnreadableError(f"is larger than {MAX_BYTES // 1_000_000} MB")
    try:
        message = message_from_bytes(content)
        return _spoken(message, content)
    except RecursionError:
        raise UnreadableError("is nested too deeply to be read") from None


def _spoken(message: Message, content: bytes) -> Spoken:
    sender = next(iter(_people(message, "From", "Sender")), None)
    if sender is None:
        raise UnreadableError("names no sender; is it an e-mail saved as .eml?")
    others = [each for each in _people(message, "To", "Cc") if each.address != sender.address]
    told = _header(message.get("Message-ID"))
    key = hashlib.sha256(told.encode() if told else content).hexdigest()[:40]
    return Spoken(
        key=f"mail-{key}",
        channel="email",
        subject=plain.storable(" ".join(_header(message.get("Subject")).split()), limit=MAX_SUBJECT),
        body=plain.storable(_body(message), limit=MAX_BODY),
        occurred_at=_when(message),
        sender=sender,
        others=tuple(others[:MAX_PEOPLE]),
    )


def _when(message: Message) -> datetime:
    told = _header(message.get("Date"))
    try:
        when = parsedate_to_datetime(told)
        return (when if when.tzinfo else when.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, OverflowError):
        raise UnreadableError(f"has no readable date (“{plain.storable(told, limit=60)}”)") from None


def _header(value: object) -> str:
    """A header as text: encoded words decoded, unknown charsets read as they may be."""
    if value is None:
        return ""
    try:
        parts = decode_header(str(value))
    except ValueError:
        return plain.storable(str(value), limit=2_000)
    text = "".join(part if isinstance(part, str) else _decoded(part, charset) for part, charset in parts)
    return plain.storable(text, limit=2_000)


def _decoded(content: bytes, charset: str | None) -> str:
    for name in (charset, "utf-8", "latin-1"):
        try:
            if name:
                return content.decode(name)
        except (LookupError, ValueError):
            continue
    return content.decode("utf-8", "replace")


def _people(message: Message, *names: str) -> list[Person]:
    found: dict[str, Person] = {}
    headers = (str(value)[:50_000] for name in names for value in message.get_all(name, []))
    for name, address in islice(getaddresses(list(headers)), MAX_PEOPLE):
        cleaned = plain.storable(address, limit=254).lower()
        if "@" in cleaned and not any(mark.isspace() for mark in cleaned):
            found.setdefault(cleaned, Person(cleaned, plain.storable(_header(name), limit=200)))
    return list(found.values())


def _body(message: Message) -> str:
    """The first plain text that is no attachment, else the first HTML as text."""
    html = ""
    for part in _parts(message):
        if part.is_multipart() or part.get_content_disposition() == "attachment":
            continue
        kind = part.get_content_type()
        if kind == "text/plain" and (text := _text(part)).strip():
            return text
        if kind == "text/html" and not html:
            html = plain.from_html(_text(part))
    return html


def _parts(message: Message) -> Iterable[Message]:
    return islice(message.walk(), MAX_PARTS)


def _text(part: Message) -> str:
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes):
        return ""
    try:
        charset = part.get_content_charset()
    except (LookupError, ValueError):
        charset = None
    return _decoded(payload, charset)
