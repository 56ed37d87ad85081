"""Array literals arrive in PostgreSQL as the values they were made of."""

from __future__ import annotations

import math
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from csplatform.core.arrays import literal, literals


def read(kind: str, text: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT %s::{kind}[]", [text])
        return cursor.fetchone()[0]


class TestArrays(TestCase):
    @given(st.lists(st.none() | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))))
    def test_texts(self, values: list[str | None]) -> None:
        assert read("text", literal(values)) == values

    @given(st.lists(st.none() | st.integers(-(2**63), 2**63 - 1)))
    def test_whole_numbers(self, values: list[int | None]) -> None:
        assert read("bigint", literal(values)) == values

    @given(st.lists(st.none() | st.floats(allow_nan=False)))
    def test_numbers(self, values: list[float | None]) -> None:
        assert read("float8", literal(values)) == values

    @given(st.lists(st.booleans() | st.none()))
    def test_truths(self, values: list[bool | None]) -> None:
        assert read("boolean", literal(values)) == values

    @given(st.lists(st.uuids()))
    def test_ids(self, values: list[UUID]) -> None:
        assert read("text", literal(values)) == [str(value) for value in values]

    @given(st.lists(st.lists(st.floats(), min_size=3, max_size=3), min_size=1))
    def test_rows_of_numbers(self, rows: list[list[float]]) -> None:
        texts = read("text", literals(rows))
        assert len(texts) == len(rows)
        for text, row in zip(texts, rows, strict=True):
            assert read("float8", text) == pytest.approx(row, nan_ok=True, rel=0, abs=0) or any(map(math.isinf, row))


def test_nothing_is_an_empty_array(db: None) -> None:
    assert read("text", literals([])) == read("text", literal([])) == []
