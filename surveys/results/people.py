"""Those who answered, as far as counting needs them. Pure."""

from __future__ import annotations

import hashlib
import hmac
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from surveys.stats.ballots import PLACES, UNCHOSEN, Ballots

OWN_WORDS = 0
"""Stands for an answer in one's own words where ballots hold option numbers."""
NOT_SAID = ""
"""The group of those who did not answer a segment question."""


@dataclass(frozen=True, slots=True)
class Person:
    """One counted answer. ``choices``: option numbers by place, ``OWN_WORDS`` for own words, None for a place left
    empty by a merge. ``groups``: per segment question, in the survey's order, the choice key or ``NOT_SAID``.
    ``token``: a keyed hash of the answer's id, by which two versions of the results can be compared. ``values``: what
    was said to the score and to further questions, by key, of other kinds than top 3.
    """

    token: str
    choices: tuple[int | None, ...]
    groups: tuple[str, ...]
    shown: tuple[int, ...] = ()
    is_flagged: bool = False
    is_removed: bool = False
    values: Mapping[str, Any] = field(default_factory=dict)


def effective(choices: Sequence[int], merged: int | None) -> tuple[int | None, ...]:
    """The choices that count once own words are merged into option ``merged`` (None: they stay own words).

    An option that would then be named twice counts at the better place; the other place stays empty, so that those
    below it keep theirs.
    """
    counted: list[int | None] = []
    for choice in choices:
        option = merged if choice == OWN_WORDS and merged is not None else choice
        counted.append(None if option in counted else option)
    while counted and counted[-1] is None:
        counted.pop()
    return tuple(counted)


def token(secret: bytes, *parts: str) -> str:
    """A keyed hash of ``parts``: the same answer gives the same token, and none can be made without the secret."""
    return hmac.new(secret, "\x1f".join(parts).encode(), hashlib.sha256).hexdigest()[:24]


def sizes(people: Iterable[Person], question: int, choices: Iterable[str]) -> dict[str, int]:
    """How many people each choice of a segment question has, in order; ``NOT_SAID`` last, and only if anybody."""
    counted = Counter(person.groups[question] for person in people)
    known = {choice: counted.pop(choice, 0) for choice in choices}
    not_said = sum(counted.values())
    return {**known, NOT_SAID: not_said} if not_said else known


def grouped(segments: Mapping[str, str], questions: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """``segments`` (question → choice) as groups; a choice the question does not offer counts as not said."""
    return tuple(segments[key] if segments.get(key) in choices else NOT_SAID for key, choices in questions.items())


def as_ballots(choices: Sequence[Sequence[int | None]], options: Sequence[tuple[int, str]]) -> Ballots:
    """Effective choices (option numbers) as `Ballots` of ``options`` (number, key)."""
    index = {number: position for position, (number, _) in enumerate(options)}
    table = np.full((len(choices), PLACES), UNCHOSEN, dtype=np.int64)
    for row, chosen in enumerate(choices):
        for place, number in enumerate(chosen):
            table[row, place] = UNCHOSEN if number is None else index.get(number, UNCHOSEN)
    return Ballots(tuple(key for _, key in options), table)
