"""Tables to take away: the anonymised answers and the figures, as CSV. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from surveys.results.document import Document, Question
from surveys.results.people import NOT_SAID, OWN_WORDS, Person
from surveys.results.privacy import rows_stay_ambiguous
from surveys.stats.ballots import PLACES

SMALL_GROUPS = "small-groups"
"""What a row says where its group is hidden."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def cell(value: Any) -> Any:
    """A cell that no spreadsheet runs as a formula; numbers stay numbers."""
    if isinstance(value, str) and value.startswith(_FORMULA):
        return "'" + value
    return value


def as_csv(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """RFC 4180 text with a header; every text made harmless for spreadsheets."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([cell(name) for name in header])
    writer.writerows([cell(value) for value in row] for row in rows)
    return out.getvalue()


def rows_question(
    tables: Sequence[Mapping[str, Any]], n: int, options: int, *, earlier: str | None, is_first: bool
) -> str | None:
    """Which question the rows carry: the first with shown groups that stays unlinkable to all other questions.

    One question for all versions: rows of two versions with different questions could be joined by rare ballots. So a
    later version carries what the ``earlier`` one did, or none; and none where that question's figures are older than
    the rows.
    """
    for table in tables:
        key = table["question"]
        others = [each for each in tables if each is not table]
        may = is_first or key == earlier
        if may and not table["is_whole"] and "counted_version" not in table and _is_unlinkable(others, n, options):
            return str(key)
    return None


def _is_unlinkable(others: Sequence[Mapping[str, Any]], n: int, options: int) -> bool:
    sizes = [group["n"] for table in others for group in table["groups"]]
    sizes += [table["together"] for table in others]
    return rows_stay_ambiguous(n, sizes, options)


def data_csv(
    people: Sequence[Person],
    options: Sequence[tuple[int, str]],
    questions: Sequence[Question],
    figures: Mapping[str, Any],
    carried: str | None,
) -> str:
    """One row an answer: option keys by place ("other" for own words), and the group in question ``carried``.

    Sorted by what they say, so that their order tells neither time nor who is new in a later version.
    """
    keys: dict[int | None, str] = {OWN_WORDS: "other", None: "", **dict(options)}
    index = next((i for i, question in enumerate(questions) if question.key == carried), None)
    hidden: set[str] = set()
    if index is not None:
        hidden = {each["group"] for each in figures["groups"][index]["hidden"]}
    rows = []
    for person in people:
        chosen = [keys[number] for number in person.choices]
        row = chosen + [""] * (PLACES - len(chosen))
        if index is not None:
            group = person.groups[index]
            row.append(SMALL_GROUPS if group in hidden else group or NOT_SAID)
        rows.append(row)
    header = [f"choice_{place}" for place in range(1, PLACES + 1)]
    if index is not None:
        header.append(f"segment_{carried}")
    return as_csv(header, sorted(rows))


def results_csv(document: Document) -> str:
    """Every counted figure of a document, one a line: measure, question, group, option, value and interval."""
    header = ("measure", "question", "group", "option", "value", "low", "high", "best_rank", "worst_rank", "n")
    return as_csv(header, _lines(document["figures"]))


def _lines(figures: Mapping[str, Any]) -> Iterable[Sequence[Any]]:
    if not figures["is_enough"]:
        return
    n = figures["n"]
    yield ("answers", "", "", "", n, "", "", "", "", n)
    yield ("own_words", "", "", "other", figures["own_words"], "", "", "", "", n)
    for option in figures["options"]:
        for measure, value, found, method in (
            ("mention_share", option["mention_share"], option["interval"], "mentions"),
            ("first_share", option["first_share"], option["first_interval"], "first"),
            ("borda_mean", option["borda_mean"], ("", ""), "borda"),
            ("plackett_luce", option["plackett_luce"], ("", ""), "plackett_luce"),
        ):
            yield (measure, "", "", option["key"], value, *found, *option["rank_sets"][method], n)
        yield ("mentions", "", "", option["key"], option["mentions"], "", "", "", "", n)
        yield ("first", "", "", option["key"], option["first"], "", "", "", "", n)
    for table in figures["groups"]:
        yield from _group_lines(table)


def _group_lines(table: Mapping[str, Any]) -> Iterable[Sequence[Any]]:
    for group in table["groups"]:
        name = group["group"] or "not-said"
        yield ("answers", table["question"], name, "", group["n"], "", "", "", "", group["n"])
        for key, option in group.get("options", {}).items():
            share, found = option["share"], option["interval"]
            yield ("mention_share", table["question"], name, key, share, *found, "", "", group["n"])
    if table["together"]:
        together = table["together"]
        yield ("answers", table["question"], SMALL_GROUPS, "", together, "", "", "", "", together)


def codebook_csv(document: Document) -> str:
    """What every key means, in every language: options, questions and their choices."""
    languages = document["survey"]["languages"]
    header = ("part", "key", "choice", *(f"label_{language}" for language in languages))

    def texts(label: Mapping[str, str]) -> list[str]:
        return [label.get(language, "") for language in languages]

    lines: list[Sequence[Any]] = [("question", "choice_1..3", "", *texts(document["survey"]["question"]))]
    lines += [("option", option["key"], "", *texts(option["label"])) for option in document["options"]]
    for question in document["questions"]:
        lines.append(("segment", f"segment_{question['key']}", "", *texts(question["label"])))
        for choice in question["choices"]:
            lines.append(("group", f"segment_{question['key']}", choice["key"], *texts(choice.get("label", {}))))
    return as_csv(header, lines)
