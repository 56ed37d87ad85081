"""A day as a calendar file (RFC 5545). Pure."""

from __future__ import annotations

from datetime import date, datetime, timedelta

_WIDEST = 73
"""Octets of a line before it is folded: 75 with the line's blank and a margin."""


def day_event(*, uid: str, day: date, title: str, url: str, stamp: datetime) -> str:
    """A calendar with one all-day event on ``day``; ``stamp`` (UTC) is when the file was made."""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Boomerang//Surveys//EN",
        "BEGIN:VEVENT",
        f"UID:{uid}",
        f"DTSTAMP:{stamp:%Y%m%dT%H%M%SZ}",
        f"DTSTART;VALUE=DATE:{day:%Y%m%d}",
        f"DTEND;VALUE=DATE:{day + timedelta(days=1):%Y%m%d}",
        f"SUMMARY:{_escaped(title)}",
        f"URL:{url}",
        "TRANSP:TRANSPARENT",
        "END:VEVENT",
        "END:VCALENDAR",
    ]
    return "".join(f"{_folded(line)}\r\n" for line in lines)


def _escaped(text: str) -> str:
    for sign in ("\\", ";", ","):
        text = text.replace(sign, f"\\{sign}")
    return text.replace("\r\n", "\\n").replace("\n", "\\n")


def _folded(line: str) -> str:
    """No line above 75 octets, and no letter cut in two."""
    parts, part = [], ""
    for sign in line:
        if len((part + sign).encode()) > _WIDEST:
            parts.append(part)
            part = ""
        part += sign
    return "\r\n ".join([*parts, part])
