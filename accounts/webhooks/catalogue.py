"""The events one may listen to: their names and what their ``data`` holds.

Each app describes what it publishes in its module ``events``, by ``declare``; only what is described leaves. Payloads
hold ids, as the REST interface shows them, keys, days and numbers; never names, addresses or words of people.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Text = str | Promise

TEST_EVENT = "webhook.tested"
_ID = "0199d3a0-7c1e-7a52-9d1c-3f0a5b6c7d8e"


@dataclass(frozen=True, slots=True)
class Field:
    """A field of an event's ``data``. ``always``: it is there in every event, else only where it applies."""

    name: str
    kind: str
    description: Text
    example: Any
    always: bool = True


@dataclass(frozen=True, slots=True)
class EventType:
    name: str
    description: Text
    fields: tuple[Field, ...]

    @property
    def example(self) -> dict[str, Any]:
        return {field.name: field.example for field in self.fields}


def id_of(name: str, description: Text, *, always: bool = True) -> Field:
    """A field that holds an id."""
    return Field(name, "id", description, _ID, always)


_declared: dict[str, EventType] = {}


def declare(*events: EventType) -> None:
    """Add ``events`` to the catalogue; the one who declares a name last describes it."""
    _declared.update((event.name, event) for event in events)


def all_events() -> list[EventType]:
    """The catalogue by name, events of one noun together; the test event last."""
    return sorted(_declared.values(), key=lambda event: (event.name == TEST_EVENT, event.name))


def find(name: str) -> EventType | None:
    return _declared.get(name)


def nouns() -> list[str]:
    """What one may listen to as a whole."""
    return list(dict.fromkeys(noun_of(event.name) for event in all_events() if event.name != TEST_EVENT))


def noun_of(name: str) -> str:
    return name.partition(".")[0]


def is_known(pattern: str) -> bool:
    """Whether ``pattern`` can cover an event at all; a misspelt one would stay silent for ever."""
    return pattern == "*" or pattern in _declared or pattern in {f"{noun}.*" for noun in nouns()}


declare(
    EventType(
        TEST_EVENT,
        _("Sent by hand to try a webhook out; it comes whatever the webhook listens to."),
        (id_of("webhook_id", _("The webhook.")),),
    )
)
