"""The figures of groups: who answered, and what each group that may be shown names. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from surveys.results.people import NOT_SAID, Person, sizes
from surveys.results.privacy import Hiding, hidings
from surveys.stats.ballots import Ballots
from surveys.stats.intervals import wilson


class SegmentQuestion(Protocol):
    @property
    def key(self) -> str: ...
    @property
    def choices(self) -> tuple[str, ...]: ...


def tables(people: Sequence[Person], ballots: Ballots, questions: Sequence[SegmentQuestion]) -> list[dict[str, Any]]:
    """Per segment question: its groups in order, each with its people and mentions, or that it is hidden.

    ``together`` is the number of people in all hidden groups; for those who did not say only their number is shown.
    """
    counted = [sizes(people, index, question.choices) for index, question in enumerate(questions)]
    decided = hidings(people, counted)
    return [
        _table(question.key, index, counted[index], decided[index], people, ballots)
        for index, question in enumerate(questions)
    ]


def _table(
    key: str, index: int, counted: dict[str, int], hiding: Hiding, people: Sequence[Person], ballots: Ballots
) -> dict[str, Any]:
    if hiding.is_whole:
        return {"question": key, "is_whole": True, "hidden": [], "together": 0, "groups": []}
    chosen = ballots.chosen()
    rows = []
    for group, size in counted.items():
        if group in hiding.groups:
            continue
        row: dict[str, Any] = {"group": group, "n": size}
        if group != NOT_SAID:
            members = np.array([person.groups[index] == group for person in people])
            mentions = chosen[members].sum(axis=0).tolist()
            row["options"] = {
                option: {"mentions": count, "share": round(count / size, 4), "interval": _interval(count, size)}
                for option, count in zip(ballots.options, mentions, strict=True)
            }
        rows.append(row)
    hidden = [
        {"group": group, "why": "small" if group in hiding.small else "company"}
        for group in counted
        if group in hiding.groups
    ]
    return {"question": key, "is_whole": False, "hidden": hidden, "together": hiding.together, "groups": rows}


def _interval(count: int, n: int) -> list[float]:
    found = wilson(count, n)
    return [round(found.low, 4), round(found.high, 4)]
