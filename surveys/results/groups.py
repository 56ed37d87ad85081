"""The figures of groups: who answered, and what each group that may be shown names. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from surveys.results.people import NOT_SAID, Person, sizes
from surveys.results.privacy import Hiding, hidings
from surveys.stats.ballots import Ballots, Booleans
from surveys.stats.contrasts import Counted, contrasts
from surveys.stats.intervals import wilson


class SegmentQuestion(Protocol):
    @property
    def key(self) -> str: ...
    @property
    def choices(self) -> tuple[str, ...]: ...


def tables(people: Sequence[Person], ballots: Ballots, questions: Sequence[SegmentQuestion]) -> list[dict[str, Any]]:
    """Per segment question: its groups in order, each with its people and mentions, or that it is hidden.

    ``together`` is the number of people in all hidden groups; for those who did not say only their number is shown.
    A group's difference is clear against all the others together, after Holm over all groups and options shown; the
    others are everybody else, said or not, so that the comparison holds nothing the page does not show.
    """
    counted = [sizes(people, index, question.choices) for index, question in enumerate(questions)]
    decided = hidings(people, counted)
    chosen = ballots.chosen()
    found = []
    for index, question in enumerate(questions):
        hiding = decided[index]
        rows = [
            _group(group, size, chosen, np.array([person.groups[index] == group for person in people]), ballots.options)
            for group, size in counted[index].items()
            if not hiding.is_whole and group not in hiding.groups
        ]
        found.append(_table(question.key, counted[index], hiding, rows))
    _mark_clear([row for table in found for row in table["groups"] if row["group"] != NOT_SAID], ballots)
    return found


def _table(key: str, counted: Mapping[str, int], hiding: Hiding, rows: list[dict[str, Any]]) -> dict[str, Any]:
    if hiding.is_whole:
        return {"question": key, "is_whole": True, "hidden": [], "together": 0, "groups": []}
    hidden = [
        {"group": group, "why": "small" if group in hiding.small else "company"}
        for group in counted
        if group in hiding.groups
    ]
    return {"question": key, "is_whole": False, "hidden": hidden, "together": hiding.together, "groups": rows}


def _group(group: str, size: int, chosen: Booleans, members: Booleans, options: Sequence[str]) -> dict[str, Any]:
    row: dict[str, Any] = {"group": group, "n": size}
    if group != NOT_SAID:
        mentions = chosen[members].sum(axis=0).tolist()
        row["options"] = {
            option: {"mentions": count, "share": round(count / size, 4), "interval": _interval(count, size)}
            for option, count in zip(options, mentions, strict=True)
        }
    return row


def _mark_clear(rows: Sequence[dict[str, Any]], ballots: Ballots) -> None:
    everybody = dict(zip(ballots.options, ballots.chosen().sum(axis=0).tolist(), strict=True))
    cells = [(row, option) for row in rows for option in ballots.options]
    pairs = []
    for row, option in cells:
        own, n = row["options"][option]["mentions"], row["n"]
        pairs.append((Counted(own, n), Counted(everybody[option] - own, ballots.n - n)))
    for (row, option), contrast in zip(cells, contrasts(pairs), strict=True):
        row["options"][option]["clear"] = contrast.clear


def _interval(count: int, n: int) -> list[float]:
    found = wilson(count, n)
    return [round(found.low, 4), round(found.high, 4)]
