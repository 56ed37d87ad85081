"""The short parameters of list addresses (``?band=at_risk&csm=me&arr_min=5000``) as conditions. Pure.

Pages link to lists with them, and people have kept such links.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Query = Mapping[str, Sequence[str]]
NOBODY = "none"
ATTRIBUTE = "a_"
SEARCH = "q"

# Parameter → (field, operator); several values are alternatives.
_WORDS = {
    "band": "band",
    "state": "contract_state",
    "stage": "stage",
    "tag": "tag",
    "country": "country",
    "industry": "industry",
}
_VALUES = {
    "arr_min": ("arr", "gte"),
    "arr_max": ("arr", "lte"),
    "risk_min": ("churn_risk", "gte"),
    "risk_max": ("churn_risk", "lte"),
    "notice_by": ("notice_deadline", "lte"),
    "notice_within": ("notice_deadline", "due_within"),
}
_ENDS = {"": "eq", "_min": "gte", "_max": "lte"}
NAMES = (*_WORDS, *_VALUES, "csm", SEARCH)


def conditions(query: Query, attributes: Sequence[str] = ()) -> Iterator[tuple[str, dict[str, Any]]]:
    """The parameters that say a condition, each with it. ``attributes``: keys of the workspace's own fields."""
    text = " ".join("".join(query.get(SEARCH, ())[-1:]).replace("\0", "").split())[:200]
    if text:
        yield SEARCH, {"field": "search", "op": "like", "value": text}
    for name, field in _WORDS.items():
        if told := _told(query, name):
            yield name, {"field": field, "op": "in", "value": told}
    if told := _told(query, "csm"):
        yield "csm", _csm(told)
    for name, (field, op) in _VALUES.items():
        if told := _told(query, name):
            yield name, {"field": field, "op": op, "value": told[-1]}
    for key in attributes:
        for end, op in _ENDS.items():
            if told := _told(query, f"{ATTRIBUTE}{key}{end}"):
                yield f"{ATTRIBUTE}{key}{end}", {"field": f"attributes.{key}", "op": op, "value": told[-1]}


def document(query: Query, attributes: Sequence[str] = ()) -> dict[str, Any]:
    """The filter document that an address says."""
    return {"all": [said for _name, said in conditions(query, attributes)]}


def _csm(told: list[str]) -> dict[str, Any]:
    people = [value for value in told if value != NOBODY]
    named = {"field": "csm", "op": "in", "value": people}
    nobody = {"field": "csm", "op": "not_set"}
    if len(people) == len(told):
        return named
    return {"any": [named, nobody]} if people else nobody


def _told(query: Query, name: str) -> list[str]:
    return [value.strip() for value in query.get(name, ()) if value.strip()]
