"""What e-mail and calendar files say, whoever wrote them and however badly. Pure.

``read`` never runs away: a file is at most ``MAX_BYTES`` long, of which ``MAX_PARTS`` parts and ``MAX_ENTRIES`` entries
are looked at. What cannot be read raises ``UnreadableError`` with a sentence for people.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

MAX_BYTES = 5_000_000
MAX_PARTS = 200
MAX_ENTRIES = 200
MAX_PEOPLE = 200
MAX_SUBJECT = 300
MAX_BODY = 20_000


class UnreadableError(ValueError):
    """The file, or an entry of it, says nothing that could be logged; the text says why."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody named in a file. ``address`` in small letters."""

    address: str
    name: str = ""

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2]


@dataclass(frozen=True, slots=True)
class Spoken:
    """One conversation a file tells of. ``key`` is the same whenever the same file is read."""

    key: str
    channel: str
    subject: str
    body: str
    occurred_at: datetime
    sender: Person | None
    others: tuple[Person, ...]

    @property
    def people(self) -> tuple[Person, ...]:
        return ((self.sender,) if self.sender else ()) + self.others
