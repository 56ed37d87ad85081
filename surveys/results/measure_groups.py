"""Figures of groups for one measure: of those who answered it, and only where no answer can be worked out. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from surveys.results.groups import SegmentQuestion
from surveys.results.measures import CHOSEN, SCALED, Measure, share, summary, worth
from surveys.results.people import NOT_SAID, Person, sizes
from surveys.results.privacy import Hiding, hidings
from surveys.stats.contrasts import Counted, contrasts
from surveys.stats.score_contrasts import clearly_different


def hiding_of(people: Sequence[Person], questions: Sequence[SegmentQuestion]) -> list[Hiding]:
    """What the segment questions keep back, by everybody who answered."""
    return hidings(people, [sizes(people, index, question.choices) for index, question in enumerate(questions)])


def nothing_hidden(questions: Sequence[SegmentQuestion]) -> list[Hiding]:
    """For answers that carry names: their groups hide nobody."""
    return [Hiding() for _ in questions]


def size_tables(
    people: Sequence[Person], questions: Sequence[SegmentQuestion], decided: Sequence[Hiding]
) -> list[dict[str, Any]]:
    """Per segment question how many people each group has that may be shown."""
    return [
        _table(question.key, counted, hiding, [{"group": group, "n": size} for group, size in shown.items()])
        for index, (question, hiding) in enumerate(zip(questions, decided, strict=True))
        for counted in [sizes(people, index, question.choices)]
        for shown in [_shown(counted, hiding)]
    ]


def tables(
    people: Sequence[Person],
    measure: Measure,
    questions: Sequence[SegmentQuestion],
    decided: Sequence[Hiding],
    *,
    seed: int,
    is_named: bool = False,
) -> list[dict[str, Any]]:
    """Per segment question what each group says, or that the question is hidden.

    ``people``: those who answered ``measure``; ``decided``: what everybody's groups keep back. Those who answered are
    held to the same rules by themselves, and a question is hidden whole unless the same groups come out: two hidings
    that differ could be subtracted. ``is_named``: the answers carry names, so groups hide nothing.
    """
    own = list(decided) if is_named else hiding_of(people, questions)
    found = []
    for index, question in enumerate(questions):
        counted = sizes(people, index, question.choices)
        hiding = own[index]
        if hiding.is_whole or decided[index].is_whole or set(hiding.groups) != set(decided[index].groups):
            hiding = Hiding(is_whole=True)
        rows = [_row(measure, people, index, group) for group in _shown(counted, hiding)]
        found.append(_table(question.key, counted, hiding, [row for row in rows if row["n"]]))
    _mark(found, measure, people, questions, seed)
    return found


def _shown(counted: dict[str, int], hiding: Hiding) -> dict[str, int]:
    if hiding.is_whole:
        return {}
    return {group: size for group, size in counted.items() if group not in hiding.groups}


def _table(key: str, counted: dict[str, int], hiding: Hiding, rows: list[dict[str, Any]]) -> dict[str, Any]:
    if hiding.is_whole:
        return {"question": key, "is_whole": True, "hidden": [], "together": 0, "groups": []}
    hidden = [
        {"group": group, "why": "small" if group in hiding.small else "company"}
        for group in counted
        if group in hiding.groups
    ]
    return {"question": key, "is_whole": False, "hidden": hidden, "together": hiding.together, "groups": rows}


def _members(people: Sequence[Person], index: int, group: str, key: str) -> list[Any]:
    return [person.values[key] for person in people if person.groups[index] == group]


def _row(measure: Measure, people: Sequence[Person], index: int, group: str) -> dict[str, Any]:
    """A group's figures; of those who did not say which group they are in only how many they are."""
    values = _members(people, index, group, measure.key)
    row: dict[str, Any] = {"group": group, "n": len(values)}
    if group == NOT_SAID:
        return row
    if measure.kind in SCALED:
        return {**row, **summary(measure, values)}
    if measure.kind in CHOSEN:
        row["options"] = {key: _chosen(measure, key, values) for key in measure.choices}
    return row


def _chosen(measure: Measure, key: str, values: Sequence[Any]) -> dict[str, Any]:
    count = sum(_names(measure, key, value) for value in values)
    return {"count": count, **share(count, len(values))}


def _names(measure: Measure, key: str, value: Any) -> bool:
    """Whether an answer counts for ``key``: chosen, or put first in a ranking."""
    if measure.kind == "ranking":
        return bool(value[0] == key)
    return bool(value == key or (not isinstance(value, str) and key in value))


def _mark(
    found: Sequence[dict[str, Any]],
    measure: Measure,
    people: Sequence[Person],
    questions: Sequence[SegmentQuestion],
    seed: int,
) -> None:
    """Say of every group shown whether it differs clearly from all the others, over all groups together (Holm)."""
    index = {question.key: number for number, question in enumerate(questions)}
    rows = [(index[table["question"]], row) for table in found for row in table["groups"] if row["group"] != NOT_SAID]
    everyone = [person.values[measure.key] for person in people]
    if measure.kind in SCALED:
        counts = [_counts(measure, _members(people, number, row["group"], measure.key)) for number, row in rows]
        clear = clearly_different(counts, _counts(measure, everyone), worth(measure), seed=seed)
        for (_number, row), is_clear in zip(rows, clear, strict=True):
            row["clear"] = is_clear
    elif measure.kind in CHOSEN:
        _mark_options([row for _number, row in rows], measure, everyone)


def _counts(measure: Measure, values: Sequence[int]) -> list[int]:
    counted = Counter(values)
    return [counted[answer] for answer in measure.answers]


def _mark_options(rows: Sequence[dict[str, Any]], measure: Measure, everyone: Sequence[Any]) -> None:
    totals = {key: sum(_names(measure, key, value) for value in everyone) for key in measure.choices}
    cells = [(row, key) for row in rows for key in measure.choices]
    pairs = [
        (
            Counted(row["options"][key]["count"], row["n"]),
            Counted(totals[key] - row["options"][key]["count"], len(everyone) - row["n"]),
        )
        for row, key in cells
    ]
    for (row, key), contrast in zip(cells, contrasts(pairs), strict=True):
        row["options"][key]["clear"] = contrast.clear
