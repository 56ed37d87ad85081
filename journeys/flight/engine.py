"""What a move needs: the one decision that pages, the interface, imports and playbooks all go through. Pure.

A move forwards takes what every stage on the way asks for: the exit of the stage it leaves and of each one passed
over, the entry of each one passed over and of the one entered; where a handover stands between two of them, that too.
A move back, and the first step of a new throw to an earlier stage, need nothing but a reason. An override passes
everything that does not hold, and says what that was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

RELAY = "relay"
"""The key under which a handover stands among what was passed over."""


class Kind(StrEnum):
    """What a move is, by where it leads."""

    FORWARD = "forward"
    BACK = "back"
    THROWN = "thrown"


@dataclass(frozen=True, slots=True)
class Criterion:
    """One thing that must hold. ``key`` names it and its parameters; equal keys are the same question."""

    key: str
    kind: str
    params: tuple[tuple[str, str | int | float], ...] = ()

    def param(self, name: str) -> str | int | float:
        return dict(self.params)[name]


@dataclass(frozen=True, slots=True)
class Rule:
    """A stage in use: what it asks of who enters it, and of who leaves it forwards. ``phase`` as in the domain."""

    key: str
    phase: str
    entry: tuple[Criterion, ...] = ()
    exit: tuple[Criterion, ...] = ()


@dataclass(frozen=True, slots=True)
class Position:
    """Where a customer is. ``stage`` None: at no stage, because it churned (``grounded``) or never stood anywhere.

    ``lap_waits``: a new lap has begun (a renewal, an expansion) since the last move, and no stage was entered on it.
    """

    stage: str | None
    grounded: bool = False
    lap_waits: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """What a move to ``target`` is, and what it takes.

    ``missing``: what does not hold, in the order of the way; empty with an override. ``relay``: the pair of stages
    whose handover must be accepted first; None when none is needed. ``passed_over``: what an override went past.
    ``begins_lap``: the move itself throws the boomerang again.
    """

    kind: Kind
    missing: tuple[Criterion, ...] = ()
    relay: tuple[str, str] | None = None
    passed_over: tuple[str, ...] = ()
    begins_lap: bool = False

    @property
    def allowed(self) -> bool:
        return not self.missing and self.relay is None


class NoSuchStageError(LookupError):
    """The target is none of the stages in use."""


class AlreadyThereError(ValueError):
    """The customer stands at the target."""


def decide(
    journey: Sequence[Rule],
    position: Position,
    target: str,
    holds: Callable[[Criterion], bool],
    relays: Iterable[tuple[str, str]] = (),
    *,
    override: bool = False,
    throw: bool | None = None,
    relay_accepted: bool = False,
) -> Decision:
    """What moving from ``position`` to ``target`` takes.

    ``journey``: the stages in use, in order. ``holds``: asked once per criterion. ``relays``: pairs of stages that
    have a handover. ``throw``: whether the boomerang is thrown again with this move, where the caller says so; None: as
    the stages suggest. ``relay_accepted``: its handover has been.
    Raises ``NoSuchStageError`` and ``AlreadyThereError``.
    """
    places: Mapping[str, int] = {rule.key: place for place, rule in enumerate(journey)}
    if target not in places:
        raise NoSuchStageError(target)
    if position.stage == target and not (throw or position.lap_waits):
        raise AlreadyThereError(target)
    to = places[target]
    at = places.get(position.stage, -1) if position.stage is not None else -1
    kind, begins_lap = _kind(journey, position, at, to, throw)
    asked = _asked(journey, at, to) if to > at else ()
    missing = tuple(criterion for criterion in asked if not holds(criterion))
    pair = None if relay_accepted else _relay(journey, position, at, to, kind, relays)
    if not override:
        return Decision(kind, missing, pair, (), begins_lap)
    passed_over = (*(criterion.key for criterion in missing), *((RELAY,) if pair else ()))
    return Decision(kind, (), None, passed_over, begins_lap)


def _kind(journey: Sequence[Rule], position: Position, at: int, to: int, throw: bool | None) -> tuple[Kind, bool]:
    """The kind of a move, and whether it begins a lap of its own.

    Who left the journey comes back on a new lap only. Where nobody says it, a step to an earlier stage is the first of
    a new throw when the customer has reaped value (from the phase *expand* on) and its next lap has begun, or when it
    goes from the last phase to the first: then it is being sold to again. Otherwise it is a step back.
    """
    if position.grounded:
        return Kind.THROWN, True
    if throw:
        return Kind.THROWN, not position.lap_waits
    if to > at:
        return Kind.FORWARD, False
    if throw is False:
        return Kind.BACK, False
    if position.lap_waits and journey[at].phase in ("expand", "boomerang"):
        return Kind.THROWN, False
    again = journey[at].phase == "boomerang" and journey[to].phase == "demand"
    return (Kind.THROWN, True) if again else (Kind.BACK, False)


def _asked(journey: Sequence[Rule], at: int, to: int) -> tuple[Criterion, ...]:
    """Everything the way forwards asks for, each question once, in the order of the way."""
    asked: dict[str, Criterion] = {}
    for place in range(at, to + 1):
        if place < 0:
            continue
        rule = journey[place]
        for criterion in (*(rule.entry if place > at else ()), *(rule.exit if place < to else ())):
            asked.setdefault(criterion.key, criterion)
    return tuple(asked.values())


def _relay(
    journey: Sequence[Rule], position: Position, at: int, to: int, kind: Kind, relays: Iterable[tuple[str, str]]
) -> tuple[str, str] | None:
    """The handover on the way: the one between exactly these stages, else the last between neighbours passed."""
    if kind is Kind.BACK or position.stage is None:
        return None
    known = set(relays)
    exact = (position.stage, journey[to].key)
    if exact in known:
        return exact
    way = [rule.key for rule in journey[max(at, 0) : to + 1]]
    return next((pair for pair in reversed(list(pairwise(way))) if pair in known), None)
