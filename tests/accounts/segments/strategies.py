"""Filters as people might write them: any field, any operator, any nesting."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from hypothesis import strategies as st

from accounts.segments import kinds
from accounts.segments.kinds import Kind, Shape

WORDS: dict[str, list[str]] = {
    "country": ["DE", "FR", "MT", "XX"],
    "industry": ["Food", "Freight"],
    "tag": ["pilot", "vip", "none of it"],
    "region": ["North", "South"],
    "contract_state": ["none", "active", "notice_given", "churned"],
    "band": ["healthy", "watch", "at_risk", "unknown"],
    "name": ["Customer 1", "CUSTOMER", "x"],
    "external_id": ["c-1", "c-2", "c-900"],
    "attributes.tier": ["gold", "silver", "tin"],
}
FIELDS: dict[str, Kind] = {
    "country": Kind.TEXT,
    "industry": Kind.TEXT,
    "tag": Kind.TEXT,
    "region": Kind.TEXT,
    "employees": Kind.NUMBER,
    "created_at": Kind.DATE,
    "contract_state": Kind.CHOICE,
    "arr": Kind.MONEY,
    "expected_arr": Kind.MONEY,
    "renewal_on": Kind.DATE,
    "notice_deadline": Kind.DATE,
    "band": Kind.CHOICE,
    "score": Kind.NUMBER,
    "churn_risk": Kind.PERCENT,
    "sponsor": Kind.YESNO,
    "contacts": Kind.RELATION,
    "met": Kind.RELATION,
    "attributes.trucks": Kind.NUMBER,
    "attributes.tier": Kind.TEXT,
    "attributes.golive": Kind.DATE,
    "attributes.pilot": Kind.YESNO,
    "name": Kind.TEXT,
    "external_id": Kind.TEXT,
}
_ONLY = {
    "name": ("starts_with",),
    "external_id": ("in", "not_in"),
    "contract_state": ("in", "not_in"),
    "band": ("in", "not_in"),
    "sponsor": ("eq",),
    # Prefixes are matched as they are stored; only names are folded.
    "country": ("in", "not_in", "set", "not_set"),
    "industry": ("in", "not_in", "set", "not_set"),
    "tag": ("in", "not_in", "set", "not_set"),
    "region": ("in", "not_in", "set", "not_set"),
    "attributes.tier": ("in", "not_in", "set", "not_set"),
}
_HALVES = st.integers(-3, 21).map(lambda n: n / 2)


def _ones(field: str, kind: Kind, today: date) -> st.SearchStrategy[Any]:
    if field in WORDS:
        return st.sampled_from(WORDS[field])
    if kind is Kind.MONEY:
        return st.sampled_from([0, 5_000, 5_000.5, 0.0001, 9_000, 100_000_000_000, -1])
    if kind is Kind.PERCENT:
        return st.sampled_from([0, 12.5, 12.505, 50, 99.99, 100])
    if kind is Kind.NUMBER:
        return _HALVES
    if kind is Kind.DATE:
        return st.integers(-12, 12).map(lambda n: (today + timedelta(days=n)).isoformat())
    return st.booleans()


def conditions(field: str, today: date) -> st.SearchStrategy[dict[str, Any]]:
    kind = FIELDS[field]
    one = _ones(field, kind, today)
    days = st.integers(0, 12)
    by_shape: dict[Shape, st.SearchStrategy[Any]] = {
        Shape.NOTHING: st.none(),
        Shape.ONE: one,
        Shape.MANY: st.lists(one, min_size=1, max_size=3, unique=True),
        Shape.PAIR: st.tuples(one, one).map(lambda pair: sorted(pair)),
        Shape.SPAN: days,
    }
    period = st.fixed_dictionaries({}, optional={} if field == "contacts" else {"days": st.integers(1, 12)})
    counted = st.integers(0, 3).flatmap(lambda n: period.map(lambda told: {"count": n, **told}))
    by_shape |= {Shape.PERIOD: period, Shape.COUNT: counted}

    def with_value(op: str) -> st.SearchStrategy[dict[str, Any]]:
        return by_shape[kinds.SHAPES[op]].map(
            lambda value: {"field": field, "op": op} | ({} if value is None else {"value": value})
        )

    return st.sampled_from(_ONLY.get(field, kinds.OPERATORS[kind])).flatmap(with_value)


def documents(today: date) -> st.SearchStrategy[dict[str, Any]]:
    """Filter documents of bounded depth."""
    leaves = st.sampled_from(sorted(FIELDS)).flatmap(lambda field: conditions(field, today))

    def groups(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
        several = st.lists(inner, min_size=1, max_size=3)
        return (
            several.map(lambda parts: {"all": parts})
            | several.map(lambda parts: {"any": parts})
            | inner.map(lambda part: {"not": part})
        )

    return st.recursive(leaves, groups, max_leaves=6)
