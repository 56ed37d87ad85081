"""An attacker who combines everything published of a survey, over all versions, by adding and subtracting.

He is given more than anybody has: who belongs to which group, and whose answer changed. He lacks the ballots. Every
published total over a set of people is an equation; a set whose total follows from the equations is *learnt*.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import Any

import numpy as np

from surveys.results.people import NOT_SAID, Person
from surveys.results.rows import SMALL_GROUPS

SMALLEST = 10
Variable = tuple[str, tuple[int | None, ...]]


@dataclass(frozen=True)
class Seen:
    """One version as published, and the truth behind it: who was to be counted when it was published."""

    document: Mapping[str, Any]
    rows: str
    people: Sequence[Person]


@dataclass(frozen=True)
class Learnt:
    what: str
    size: int


def learnt(seen: Sequence[Seen]) -> list[Learnt]:
    """Groups, common members of two groups, and changed members of a group, of fewer than ten people, whose total
    follows from what was published."""
    variables = _variables(seen)
    equations = np.array([_vector(members, variables) for _name, members in _published(seen)])
    if not len(equations):
        return []
    _, strengths, directions = np.linalg.svd(equations, full_matrices=False)
    basis = directions[strengths > 1e-9 * strengths.max()]
    found = []
    for name, members in _targets(seen):
        vector = _vector(members, variables)
        rest = vector - (basis @ vector) @ basis
        if np.linalg.norm(rest) < 1e-6:
            found.append(Learnt(name, len(members)))
    return found


def _variables(seen: Sequence[Seen]) -> dict[Variable, int]:
    """One unknown for each person and ballot: a changed ballot is another unknown."""
    return {
        variable: index
        for index, variable in enumerate(dict.fromkeys(_unknown(person) for one in seen for person in one.people))
    }


def _unknown(person: Person) -> Variable:
    return person.token, person.choices


def _vector(members: Sequence[Person], variables: Mapping[Variable, int]) -> np.ndarray[Any, Any]:
    vector = np.zeros(len(variables))
    vector[[variables[_unknown(person)] for person in members]] = 1.0
    return vector


def _published(seen: Sequence[Seen]) -> Iterator[tuple[str, list[Person]]]:
    """Every set of people over which a version tells totals."""
    for number, one in enumerate(seen, 1):
        figures = one.document["figures"]
        if not figures["is_enough"]:
            continue
        counted = seen[one.document["version"]["counted_version"] - 1].people
        yield f"v{number} everybody", list(counted)
        for index, table in enumerate(figures["groups"]):
            then = seen[table.get("counted_version", one.document["version"]["counted_version"]) - 1].people
            for row in table["groups"]:
                members = [person for person in then if person.groups[index] == row["group"]]
                assert row["n"] == len(members)
                if "options" in row:
                    yield f"v{number} {table['question']}={row['group']}", members
        yield from _from_rows(number, one, counted)


def _from_rows(number: int, one: Seen, counted: Sequence[Person]) -> Iterator[tuple[str, list[Person]]]:
    question = one.document["rows_question"]
    if not one.rows or question is None:
        return
    keys = [each["key"] for each in one.document["questions"]]
    index = keys.index(question)
    shown = {row[f"segment_{question}"] for row in csv.DictReader(io.StringIO(one.rows))}
    apart = {value for value in shown if value not in (SMALL_GROUPS, NOT_SAID)}
    for value in shown:
        if value == SMALL_GROUPS:
            hidden = {each["group"] for each in one.document["figures"]["groups"][index]["hidden"]}
            members = [person for person in counted if person.groups[index] in hidden]
        else:
            members = [person for person in counted if person.groups[index] == value]
        assert value not in apart or len(members) >= SMALLEST
        yield f"v{number} rows {question}={value}", members


def _targets(seen: Sequence[Seen]) -> Iterator[tuple[str, list[Person]]]:
    for number, one in enumerate(seen, 1):
        cells = _cells(one)
        for name, members in cells.items():
            yield f"v{number} {name}", members
        for (first, few), (second, others) in combinations(cells.items(), 2):
            common = set(map(_unknown, few)) & set(map(_unknown, others))
            yield f"v{number} {first} and {second}", [person for person in few if _unknown(person) in common]
    for (before, earlier), (after, later) in combinations(enumerate(seen, 1), 2):
        cells_then, cells_now = _cells(earlier), _cells(later)
        for name in cells_then.keys() | cells_now.keys():
            then, now = cells_then.get(name, []), cells_now.get(name, [])
            for what, ones, others in (("gone from", then, now), ("new in", now, then)):
                known = set(map(_unknown, others))
                yield f"v{before}-v{after} {what} {name}", [each for each in ones if _unknown(each) not in known]


def _cells(one: Seen) -> dict[str, list[Person]]:
    keys = [each["key"] for each in one.document["questions"]]
    cells: dict[str, list[Person]] = {}
    for person in one.people:
        for key, group in zip(keys, person.groups, strict=True):
            cells.setdefault(f"{key}={group}", []).append(person)
    return cells


def small(targets: Sequence[Learnt]) -> list[Learnt]:
    return [each for each in targets if 0 < each.size < SMALLEST]


def forwards(seen: Sequence[Seen]) -> bool:
    """Whether versions are numbered one after the other."""
    return all(a.document["version"]["number"] + 1 == b.document["version"]["number"] for a, b in pairwise(seen))
