"""Tables to take away of scores and questionnaires, as CSV. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

from surveys.results.asked import Asked, Counted
from surveys.results.document import Document
from surveys.results.measures import CHOSEN, SCALED, SCORE
from surveys.results.people import NOT_SAID, Person
from surveys.results.rows import SMALL_GROUPS, as_csv

ROWS_HEADER = ("question", "answer", "group")
_HEADER = ("measure", "question", "segment", "group", "answer", "value", "low", "high", "n")


def data_csv(asked: Asked, counted: Counted, earlier: Mapping[int, str]) -> str:
    """One row an answer to a question, never joined with the same person's others: several answers single people out.

    ``group`` stands beside the score alone, and small groups as one. Sorted by what they say. A measure that was taken
    over has the rows of the version it comes from (``earlier``: version → CSV).
    """
    rows: list[tuple[str, str, str]] = []
    for measure, found in zip(asked.measures, counted.figures["measures"], strict=True):
        if not found["is_enough"] or measure.kind == "text":
            continue
        if "counted_version" in found:
            rows += _rows_of(earlier[found["counted_version"]], measure.key)
        else:
            people = asked.who_answered(measure.key)
            groups = _groups(asked, found, counted.rows_question if measure.key == SCORE else None, people)
            said = [_written(person.values[measure.key]) for person in people]
            rows += sorted((measure.key, value, group) for value, group in zip(said, groups, strict=True))
    return as_csv(ROWS_HEADER, rows) if rows else ""


def _groups(asked: Asked, found: Mapping[str, Any], carried: str | None, people: Sequence[Person]) -> list[str]:
    index = next((i for i, question in enumerate(asked.questions) if question.key == carried), None)
    if index is None:
        return [""] * len(people)
    hidden = {each["group"] for each in found["groups"][index]["hidden"]}
    groups = [person.groups[index] for person in people]
    return [SMALL_GROUPS if group in hidden else group or NOT_SAID for group in groups]


def _written(value: Any) -> str:
    return str(value) if isinstance(value, int | str) else "|".join(value)


def _rows_of(text: str, key: str) -> list[tuple[str, str, str]]:
    rows = csv.reader(io.StringIO(text))
    return [(question, answer, group) for question, answer, group in rows if question == key]


def results_csv(document: Document) -> str:
    """Every counted figure, one a line."""
    return as_csv(_HEADER, _lines(document["figures"]))


def figures_table(n: int, measures: Sequence[Mapping[str, Any]]) -> str:
    """The same of ``measures`` that are not published, with or without answers."""
    lines = [("answers", "", "", "", "", n, "", "", n)]
    return as_csv(_HEADER, [*lines, *(line for found in measures if found["n"] for line in _measure_lines(found))])


def _lines(told: Mapping[str, Any]) -> list[Sequence[Any]]:
    if not told["is_enough"]:
        return []
    lines: list[Sequence[Any]] = [("answers", "", "", "", "", told["n"], "", "", told["n"])]
    for table in told["groups"]:
        lines += [
            ("answers", "", table["question"], row["group"] or "not-said", "", row["n"], "", "", row["n"])
            for row in table["groups"]
        ]
        if table["together"]:
            together = table["together"]
            lines.append(("answers", "", table["question"], SMALL_GROUPS, "", together, "", "", together))
    for found in told["measures"]:
        if found["is_enough"]:
            lines += _measure_lines(found)
    return lines


def _measure_lines(found: Mapping[str, Any]) -> list[Sequence[Any]]:
    key, kind, n = found["key"], found["kind"], found["n"]
    lines: list[Sequence[Any]] = [("answered", key, "", "", "", n, "", "", n)]
    if kind in SCALED:
        lines.append((kind, key, "", "", "", found["value"], *found["interval"], n))
        lines += [("share", key, "", "", each["answer"], each["share"], "", "", n) for each in found["distribution"]]
    for option in found.get("options", ()):
        name = "first_share" if kind == "ranking" else "share"
        lines.append((name, key, "", "", option["key"], option["share"], *option["interval"], n))
        if kind == "ranking":
            place, interval = option["mean_place"], option["place_interval"]
            lines.append(("mean_place", key, "", "", option["key"], place, *interval, n))
    for table in found["groups"]:
        for row in table["groups"]:
            lines += _group_lines(found, table["question"], row)
    return lines


def _group_lines(found: Mapping[str, Any], segment: str, row: Mapping[str, Any]) -> list[Sequence[Any]]:
    key, kind, group, n = found["key"], found["kind"], row["group"] or "not-said", row["n"]
    lines: list[Sequence[Any]] = [("answered", key, segment, group, "", n, "", "", n)]
    if "value" in row:
        lines.append((kind, key, segment, group, "", row["value"], *row["interval"], n))
    if kind in CHOSEN:
        name = "first_share" if kind == "ranking" else "share"
        lines += [
            (name, key, segment, group, option, each["share"], *each["interval"], n)
            for option, each in row.get("options", {}).items()
        ]
    return lines


def codebook_csv(document: Document) -> str:
    """What every key means, in every language: questions, their choices and the groups."""
    languages = document["survey"]["languages"]

    def texts(label: Mapping[str, str]) -> list[str]:
        return [label.get(language, "") for language in languages]

    lines: list[Sequence[Any]] = []
    for part, questions in (("question", document["asked"]), ("segment", document["questions"])):
        for question in questions:
            lines.append((part, question["key"], "", *texts(question["label"])))
            for choice in question.get("choices", ()):
                lines.append(("answer", question["key"], choice["key"], *texts(choice.get("label", {}))))
    return as_csv(("part", "key", "choice", *(f"label_{language}" for language in languages)), lines)
