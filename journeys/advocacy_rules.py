"""Who may be asked for advocacy, and what follows what; pure.

Asking too often costs the goodwill one asks for: after an ask a customer and, longer, the person asked are left in
peace, and who does not want to be asked is not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from uuid import UUID


class State(StrEnum):
    SUGGESTED = "suggested"
    ASKED = "asked"
    AGREED = "agreed"
    DONE = "done"
    THANKED = "thanked"
    DECLINED = "declined"


NEXT: dict[State, tuple[State, ...]] = {
    State.SUGGESTED: (State.ASKED, State.AGREED, State.DONE, State.DECLINED),
    State.ASKED: (State.AGREED, State.DONE, State.DECLINED),
    State.AGREED: (State.DONE, State.DECLINED),
    State.DONE: (State.THANKED,),
    State.THANKED: (),
    State.DECLINED: (),
}
"""What may follow a state. Steps may be left out: people write reviews that nobody asked for."""


@dataclass(frozen=True, slots=True)
class Rest:
    """Days without another ask, for the customer and for the person asked."""

    customer_days: int = 30
    contact_days: int = 90


@dataclass(frozen=True, slots=True)
class Ask:
    """An ask of a customer: on which day, and whom (None: nobody by name)."""

    on: date
    contact: UUID | None = None


@dataclass(frozen=True, slots=True)
class Silence:
    """Do not ask: the customer (``contact`` None) or one person of it, before ``until`` (None: for good)."""

    contact: UUID | None = None
    until: date | None = None


class Why(StrEnum):
    """Why somebody is not asked now."""

    SILENCE = "silence"
    CUSTOMER_RESTS = "customer_rests"
    CONTACT_RESTS = "contact_rests"


@dataclass(frozen=True, slots=True)
class Verdict:
    """``why`` None: may be asked. Else ``until`` is the first day on which that no longer holds (None: never)."""

    why: Why | None = None
    until: date | None = None

    @property
    def is_allowed(self) -> bool:
        return self.why is None


def may_ask(
    *, today: date, contact: UUID | None, asks: Sequence[Ask], silences: Sequence[Silence], rest: Rest
) -> Verdict:
    """Whether a customer (and ``contact`` of it) may be asked ``today``; what holds longest is named.

    ``asks`` and ``silences``: the customer's. Asks of later days count as much as those before: two asks are never
    closer than the rest, in whatever order they are told.
    """
    held: list[Verdict] = []
    for silence in silences:
        concerns = silence.contact is None or silence.contact == contact
        if concerns and (silence.until is None or today < silence.until):
            held.append(Verdict(Why.SILENCE, silence.until))
    for ask in asks:
        if abs((today - ask.on).days) < rest.customer_days:
            held.append(Verdict(Why.CUSTOMER_RESTS, ask.on + timedelta(days=rest.customer_days)))
        if contact is not None and ask.contact == contact and abs((today - ask.on).days) < rest.contact_days:
            held.append(Verdict(Why.CONTACT_RESTS, ask.on + timedelta(days=rest.contact_days)))
    return max(held, key=lambda verdict: verdict.until or date.max, default=Verdict())


def is_reachable(before: State, after: State) -> bool:
    """Whether ``after`` may follow ``before`` in one or several steps."""
    return any(each is after or is_reachable(each, after) for each in NEXT[before])
