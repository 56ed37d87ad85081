"""Sheets of options and questions as they come from a page: rows, keys that stay, choices across languages."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys import sheets

LANGUAGES = ["en", "de"]
TEXT = st.text(max_size=60)


def test_rows_left_empty_are_no_rows_and_new_ones_get_a_key() -> None:
    sent = {"key": ["a", "", ""], "label_en": ["A", "Low adoption!", ""], "label_de": ["", "Geringe Nutzung", " "]}
    assert sheets.options(sent, LANGUAGES) == [
        {"key": "a", "label": {"en": "A"}, "help": {}, "is_retired": False},
        {
            "key": "low-adoption",
            "label": {"en": "Low adoption!", "de": "Geringe Nutzung"},
            "help": {},
            "is_retired": False,
        },
    ]


def test_the_word_other_is_no_key_of_an_option() -> None:
    (row,) = sheets.options({"label_en": ["Other"]}, LANGUAGES)
    assert row["key"] == "other-2"


def test_choices_keep_their_keys_when_lines_move_or_a_language_joins() -> None:
    known = {"role": [{"key": "leader", "label": {"en": "Leader"}}, {"key": "csm", "label": {"en": "CSM"}}]}
    sent = {
        "key": ["role"],
        "label_en": ["Role"],
        "choices_en": ["CSM\nLeader\nSupport"],
        "choices_de": ["CSM\nLeitung"],
    }
    (row,) = sheets.questions(sent, LANGUAGES, known)
    assert row["choices"] == [
        {"key": "csm", "label": {"en": "CSM", "de": "CSM"}},
        {"key": "leader", "label": {"en": "Leader", "de": "Leitung"}},
        {"key": "support", "label": {"en": "Support"}},
    ]


@pytest.mark.parametrize(
    ("action", "order"),
    [
        ("up:1", "bac"),
        ("down:0", "bac"),
        ("up:0", "abc"),
        ("down:2", "abc"),
        ("drop:1", "ac"),
        ("up:9", "abc"),
        ("x", "abc"),
    ],
)
def test_rows_move_and_go(action: str, order: str) -> None:
    rows: list[sheets.Row] = [{"key": key} for key in "abc"]
    assert "".join(row["key"] for row in sheets.act(rows, action)) == order


def test_hosts_are_names_and_organisations() -> None:
    assert sheets.hosts("Host team, Sherwood Routing\n\n Guests ") == [
        {"name": "Host team", "company": "Sherwood Routing"},
        {"name": "Guests", "company": ""},
    ]


@given(st.lists(TEXT), st.text())
def test_a_key_is_plain_and_new(taken: list[str], text: str) -> None:
    key = sheets.key_from(text, taken)
    assert key not in taken
    assert key.isascii()
    assert key.replace("-", "").isalnum()
    assert 0 < len(key) <= 60


@given(
    st.dictionaries(
        st.sampled_from(
            ["key", "kind", "is_segment", "label_en", "label_de", "help_en", "choices_en", "choices_de", "scale_min"]
        ),
        st.lists(TEXT, max_size=4),
    )
)
def test_whatever_is_sent_becomes_rows_with_keys_of_their_own(sent: dict[str, Any]) -> None:
    for rows in (sheets.options(sent, LANGUAGES), sheets.questions(sent, LANGUAGES, {})):
        given_keys = [key.strip() for key in sent.get("key", []) if key.strip()]
        made = [row["key"] for row in rows if row["key"] not in given_keys]
        assert len(made) == len(set(made))
        assert all(row["key"] for row in rows)
        for row in rows:
            keys = [choice["key"] for choice in row.get("choices", [])]
            assert len(keys) == len(set(keys))
