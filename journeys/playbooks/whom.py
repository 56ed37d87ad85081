"""Whom a survey step asks: the customer's people, or only the person the triggering event is about. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Protocol

PERSON = "person"
"""The person it happened to: the contact the event names as ``contact_id``."""
CONTACT = "contact_id"


class _Asking(Protocol):
    @property
    def addressees(self) -> str: ...


def choices(addressees: Collection[str], event_fields: Collection[str]) -> tuple[str, ...]:
    """What a step may ask: groups at the customer, and the person where the event's fields name one."""
    return ((PERSON,) if CONTACT in event_fields else ()) + tuple(addressees)


def filled_in(data: object, *, kind: str, events: Mapping[str, Collection[str]], addressees: Collection[str]) -> object:
    """A definition whose steps of ``kind`` say whom they ask: where they did not, the first of ``choices``.

    What is no definition comes back as it is, to be refused by those who check it.
    """
    if not isinstance(data, dict) or not isinstance(data.get("steps"), list):
        return data
    trigger = data.get("trigger")
    event = trigger.get("event") if isinstance(trigger, dict) else None
    usual = choices(addressees, events.get(event, ()) if isinstance(event, str) else ())[:1]
    return {**data, "steps": [_filled(step, kind, usual) for step in data["steps"]]}


def _filled(step: Any, kind: str, usual: tuple[str, ...]) -> Any:
    if usual and isinstance(step, dict) and step.get("kind") == kind and step.get("addressees") in (None, ""):
        return {**step, "addressees": usual[0]}
    return step


def asks_the_person(steps: Iterable[_Asking]) -> bool:
    """Whether any of the steps is for a single person, so that a pause counts for people and not for customers."""
    return any(step.addressees == PERSON for step in steps)
