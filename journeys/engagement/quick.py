"""One typed line as an engagement: ``call> Weekly review @ann +``. Pure.

The channel comes first, with an arrow: ``>`` we spoke to them, ``<`` they spoke to us, ``<>`` customers among
themselves, ``~`` with others. ``#loxley`` names a customer, ``@ann`` a person, and a last ``+``, ``-`` or ``=`` says
how it went. All else is the subject, and everything may be left out but the subject.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

CHANNELS = {
    "call": "call", "phone": "call", "appel": "call", "anruf": "call",
    "mail": "email", "email": "email", "e-mail": "email", "courriel": "email",
    "meet": "meeting", "meeting": "meeting", "visit": "meeting", "réunion": "meeting", "treffen": "meeting",
    "chat": "chat", "slack": "chat", "teams": "chat",
    "event": "event", "événement": "event", "veranstaltung": "event",
    "community": "community", "other": "other", "note": "other",
}  # fmt: skip
DIRECTIONS = {
    ">": "vendor_to_customer",
    "<": "customer_to_vendor",
    "<>": "customer_to_customer",
    "~": "customer_to_third_party",
}
SENTIMENTS = {"+": "positive", "=": "neutral", "-": "negative"}

_HEAD = re.compile(r"^\s*(?P<word>[^\W\d_]+(?:-[^\W\d_]+)?)?\s*(?P<arrow><>|>|<|~)\s*(?P<rest>.*)$", re.DOTALL)
_MENTION = re.compile(r"(?<!\S)(?P<mark>[@#])(?P<name>[^\s@#]+(?:@[^\s@#]+)?)")


@dataclass(frozen=True, slots=True)
class Line:
    """What a line says; names of people and customers as they were typed, without their marks."""

    subject: str
    channel: str = "other"
    direction: str = "vendor_to_customer"
    sentiment: str = ""
    people: tuple[str, ...] = ()
    customers: tuple[str, ...] = ()


def read(text: str) -> Line:
    """The line as typed, understood; a first word that is no channel belongs to the subject."""
    channel, direction, rest = "other", "vendor_to_customer", text.strip()
    if head := _HEAD.match(rest):
        word = (head["word"] or "").lower()
        if not word or word in CHANNELS:
            channel = CHANNELS.get(word, "other")
            direction, rest = DIRECTIONS[head["arrow"]], head["rest"]
    elif rest.split(" ", 1)[0].lower().rstrip(":") in CHANNELS and " " in rest:
        word, rest = rest.split(" ", 1)
        channel = CHANNELS[word.lower().rstrip(":")]
    sentiment = ""
    parts = rest.rsplit(None, 1)
    if parts and parts[-1] in SENTIMENTS:
        sentiment, rest = SENTIMENTS[parts[-1]], parts[0] if len(parts) > 1 else ""
    found: dict[str, list[str]] = {"@": [], "#": []}
    for mention in _MENTION.finditer(rest):
        found[mention["mark"]].append(mention["name"].rstrip(".,;:!?"))
    subject = " ".join(_MENTION.sub(" ", rest).split())
    return Line(
        subject, channel, direction, sentiment, tuple(dict.fromkeys(found["@"])), tuple(dict.fromkeys(found["#"]))
    )
