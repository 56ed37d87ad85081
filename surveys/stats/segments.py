"""Groups of those who answered, each against all the others together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from surveys.stats.ballots import Ballots, Integers
from surveys.stats.contrasts import Contrast, Counted, contrasts
from surveys.stats.titles import ENOUGH

UNANSWERED = -1


@dataclass(frozen=True, slots=True, eq=False)
class Segmentation:
    """A segment question: its ``values`` and, per ballot, the index of the one given; -1 for none.

    Raises ``ValueError`` for an index beyond the values.
    """

    key: str
    values: tuple[str, ...]
    answers: Integers

    def __post_init__(self) -> None:
        answers = np.asarray(self.answers, dtype=np.int64)
        if answers.ndim != 1 or ((answers < UNANSWERED) | (answers >= len(self.values))).any():
            raise ValueError(f"Answers to {self.key!r} are one index a ballot, from -1 to {len(self.values) - 1}.")
        object.__setattr__(self, "answers", answers)


@dataclass(frozen=True, slots=True)
class Group:
    """``contrasts``: for each option in fixed order, the mention share in the group against that of all others.

    Empty where the group, or all others together, are fewer than ten: too few to compare and to show. Whether ``n``
    may be shown, and whether a further group must be hidden with it, the publication decides.
    """

    question: str
    value: str
    n: int
    contrasts: tuple[Contrast, ...]


def against_the_rest(ballots: Ballots, segmentations: Sequence[Segmentation]) -> tuple[Group, ...]:
    """Every value of every question. Holm over all groups × options that are compared.

    The others are those who gave another answer to the same question; whoever gave none may belong to either side and
    is on neither. Raises ``ValueError`` where answers and ballots differ in number.
    """
    found: list[tuple[str, str, int, list[tuple[Counted, Counted]]]] = []
    for asked in segmentations:
        mentions, sizes = _counts(ballots, asked)
        everybody, named = int(sizes.sum()), mentions.sum(axis=0)
        for index, value in enumerate(asked.values):
            n = int(sizes[index])
            rest = everybody - n
            pairs = [
                (Counted(int(own), n), Counted(int(total - own), rest))
                for own, total in zip(mentions[index], named, strict=True)
            ]
            found.append((asked.key, value, n, pairs if min(n, rest) >= ENOUGH else []))
    compared = iter(contrasts([pair for *_, pairs in found for pair in pairs]))
    return tuple(Group(key, value, n, tuple(next(compared) for _ in pairs)) for key, value, n, pairs in found)


def _counts(ballots: Ballots, asked: Segmentation) -> tuple[Integers, Integers]:
    """Mentions by (value, option), and answers by value."""
    if len(asked.answers) != ballots.n:
        raise ValueError(f"{len(asked.answers)} answers to {asked.key!r} for {ballots.n} ballots.")
    columns, rows = len(ballots.options) + 1, len(asked.values) + 1
    # Both kinds of -1 fall into a row and a column of their own, which are left out.
    cells = (asked.answers[:, None] + 1) * columns + ballots.choices + 1
    table = np.bincount(cells.ravel(), minlength=rows * columns).reshape(rows, columns)
    sizes = np.bincount(asked.answers + 1, minlength=rows)
    return table[1:, 1:], sizes[1:]
