"""Reading ``.ics`` files (RFC 5545): the meetings in them. Pure.

Of a meeting that repeats, the entry's own date counts; repeats that were moved are entries of their own.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from journeys.engagement import plain
from journeys.engagement.files import (
    MAX_BODY,
    MAX_BYTES,
    MAX_ENTRIES,
    MAX_PEOPLE,
    MAX_SUBJECT,
    Person,
    Spoken,
    UnreadableError,
)

_ESCAPED = re.compile(r"\\([\\;,nN])")
_PARAMETER = re.compile(r';([A-Za-z-]+)=("[^"]*"|[^;:]*)')
_MAX_LINES = 200_000


@dataclass(slots=True)
class _Entry:
    one: dict[str, tuple[dict[str, str], str]] = field(default_factory=dict)
    attendees: list[tuple[dict[str, str], str]] = field(default_factory=list)

    def text(self, name: str) -> str:
        return _unescaped(self.one.get(name, ({}, ""))[1])


def read(content: bytes) -> list[Spoken | UnreadableError]:
    """Every meeting of the file, or why it is none to log; raises ``UnreadableError`` for what is no calendar."""
    if len(content) > MAX_BYTES:
        raise UnreadableError(f"is larger than {MAX_BYTES // 1_000_000} MB")
    entries = list(_entries(content.decode("utf-8", "replace")))
    if not entries:
        raise UnreadableError("holds no meeting; is it a calendar file saved as .ics?")
    return [_told(entry) for entry in entries]


def _told(entry: _Entry) -> Spoken | UnreadableError:
    try:
        return _spoken(entry)
    except UnreadableError as error:
        return error


def _entries(text: str) -> Iterator[_Entry]:
    entry: _Entry | None = None
    nested = found = 0
    for line in _unfolded(text):
        name, parameters, value = _parted(line)
        if name == "BEGIN":
            if value.upper() == "VEVENT" and entry is None:
                entry = _Entry()
            elif entry is not None:
                nested += 1
        elif name == "END" and entry is not None:
            if nested:
                nested -= 1
                continue
            yield entry
            entry = None
            found += 1
            if found == MAX_ENTRIES:
                return
        elif entry is not None and not nested:
            if name == "ATTENDEE":
                if len(entry.attendees) < MAX_PEOPLE:
                    entry.attendees.append((parameters, value))
            else:
                entry.one.setdefault(name, (parameters, value))


def _unfolded(text: str) -> Iterator[str]:
    """Logical lines: one that begins with a space goes on with the line before it."""
    held: list[str] = []
    for number, line in enumerate(text.replace("\r\n", "\n").replace("\r", "\n").split("\n")):
        if number > _MAX_LINES:
            break
        if line[:1] in (" ", "\t") and held:
            held.append(line[1:])
            continue
        if held:
            yield "".join(held)
        held = [line]
    if held:
        yield "".join(held)


def _parted(line: str) -> tuple[str, dict[str, str], str]:
    name = re.match(r"[A-Za-z0-9-]+", line)
    if name is None:
        return "", {}, ""
    at, parameters = name.end(), {}
    while match := _PARAMETER.match(line, at):
        parameters[match[1].upper()] = match[2].strip('"')
        at = match.end()
    return name[0].upper(), parameters, line[at + 1 :].strip() if line[at : at + 1] == ":" else ""


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(lambda match: "\n" if match[1] in "nN" else match[1], text)


def _spoken(entry: _Entry) -> Spoken:
    subject = plain.storable(" ".join(entry.text("SUMMARY").split()), limit=MAX_SUBJECT)
    if entry.text("STATUS").upper() == "CANCELLED":
        raise UnreadableError(f"“{subject}” was cancelled")
    organiser = _person(*entry.one["ORGANIZER"]) if "ORGANIZER" in entry.one else None
    people = {each.address: each for told in entry.attendees if (each := _person(*told))}
    if organiser:
        people.pop(organiser.address, None)
    occurred_at = _when(*entry.one.get("DTSTART", ({}, "")), subject)
    identity = f"{entry.text('UID') or subject} {entry.text('RECURRENCE-ID') or occurred_at.isoformat()}"
    return Spoken(
        key=f"meeting-{hashlib.sha256(identity.encode('utf-8', 'replace')).hexdigest()[:40]}",
        channel="meeting",
        subject=subject,
        body=plain.storable(_description(entry), limit=MAX_BODY),
        occurred_at=occurred_at,
        sender=organiser,
        others=tuple(people.values()),
    )


def _description(entry: _Entry) -> str:
    text = entry.text("DESCRIPTION")
    return plain.from_html(text) if re.search(r"<(?:br|p|div|html|a)\b", text, re.IGNORECASE) else text


def _person(parameters: dict[str, str], value: str) -> Person | None:
    address = plain.storable(re.sub(r"^mailto:", "", value, flags=re.IGNORECASE), limit=254).lower()
    if "@" not in address or any(mark.isspace() for mark in address):
        return None
    return Person(address, plain.storable(parameters.get("CN", ""), limit=200))


def _when(parameters: dict[str, str], value: str, subject: str) -> datetime:
    told = value.strip()
    try:
        if re.fullmatch(r"\d{8}", told):
            return datetime.strptime(told, "%Y%m%d").replace(tzinfo=UTC)
        zone = _zone("" if told.endswith("Z") else parameters.get("TZID", ""))
        return datetime.strptime(told.removesuffix("Z"), "%Y%m%dT%H%M%S").replace(tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):
        raise UnreadableError(f"“{subject}” has no readable date (“{plain.storable(told, limit=40)}”)") from None


def _zone(name: str) -> ZoneInfo:
    """The zone a calendar names; one that nobody knows (a vendor's own) is read as UTC."""
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")
