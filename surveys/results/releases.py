"""What a version may count anew, and what it must take over from the one before. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from surveys.results.document import Document, Source, figures
from surveys.results.privacy import Basis, Hiding, changed, is_batch, may_recount
from surveys.results.rows import rows_question


@dataclass(frozen=True, slots=True)
class Release:
    """An earlier version. ``basis`` is None where it took over the figures of the one before it."""

    number: int
    document: Document
    basis: Basis | None


@dataclass(frozen=True, slots=True)
class Decision:
    """The figures of the next version. ``counted_version``: the earlier version all of them come from, or None for a
    new count. ``changes_wait``: some answers changed since, too few to be counted.
    """

    figures: dict[str, Any]
    rows_question: str | None
    counted_version: int | None = None
    changes_wait: bool = False


def decide(source: Source, now: Basis, history: Sequence[Release], *, are_answers_kept: bool = True) -> Decision:
    """The figures of a top-3 survey and the question its rows carry; see `recount`."""
    decision = recount(lambda: figures(source), now, history, are_answers_kept=are_answers_kept)
    if decision.counted_version or not decision.figures["is_enough"]:
        return decision
    return replace(decision, rows_question=carried_question(decision.figures, history, len(source.options)))


def recount(
    count: Callable[[], dict[str, Any]], now: Basis, history: Sequence[Release], *, are_answers_kept: bool = True
) -> Decision:
    """Count anew where privacy's rule 5 allows it against every earlier count, else take over; also where the answers
    are no longer kept (``are_answers_kept``), as what is left of them is no survey."""
    counts = [(release, release.basis) for release in history if release.basis is not None]
    if counts and not are_answers_kept:
        return _taken_over(counts[-1][0], changes_wait=False)
    if counts:
        latest, basis = counts[-1]
        if not changed(basis, now):
            return _taken_over(latest, changes_wait=False)
        if not all(is_batch(each, now) for _, each in counts):
            return _taken_over(latest, changes_wait=True)
    found = count()
    found["groups"] = [_table(index, table, now, counts) for index, table in enumerate(found["groups"])]
    return Decision(found, None)


def carried_question(found: Mapping[str, Any], history: Sequence[Release], figures_a_group: int) -> str | None:
    """Which question the rows of a new count may carry; ``figures_a_group`` as for `rows.rows_question`."""
    counts = [each.document for each in history if each.basis is not None]
    shown = [document for document in counts if document["figures"]["is_enough"]]
    earlier = shown[-1]["rows_question"] if shown else None
    return rows_question(found["groups"], found["n"], figures_a_group, earlier=earlier, is_first=not shown)


def _taken_over(release: Release, *, changes_wait: bool) -> Decision:
    document = release.document
    return Decision(document["figures"], document["rows_question"], release.number, changes_wait)


def _table(index: int, table: dict[str, Any], now: Basis, counts: Sequence[tuple[Release, Basis]]) -> dict[str, Any]:
    """The question's table, or the one it was last allowed to show, marked with its version."""
    shown = [
        (release, basis, earlier)
        for release, basis in counts
        if (earlier := _table_of(release, table["question"])) is not None and "counted_version" not in earlier
    ]
    if all(may_recount(index, _hiding(table), basis, _hiding(earlier), now) for _, basis, earlier in shown):
        return table
    release, _, earlier = shown[-1]
    return {**earlier, "counted_version": release.number}


def _table_of(release: Release, question: str) -> dict[str, Any] | None:
    return next((table for table in release.document["figures"]["groups"] if table["question"] == question), None)


def _hiding(table: dict[str, Any]) -> Hiding:
    hidden = table["hidden"]
    small = tuple(each["group"] for each in hidden if each["why"] == "small")
    as_well = tuple(each["group"] for each in hidden if each["why"] != "small")
    return Hiding(small, as_well, table["together"], table["is_whole"])
