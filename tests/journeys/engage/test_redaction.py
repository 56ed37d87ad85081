"""Taking people out of texts."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from journeys.engagement.redaction import ERASED, redacted

_NAMES = st.lists(st.text(alphabet="abcdé@. -", min_size=0, max_size=12), max_size=4)


@given(text=st.text(max_size=80), names=_NAMES)
def test_twice_is_like_once_and_nobody_named_changes_nothing(text: str, names: list[str]) -> None:
    once = redacted(text, names)
    assert redacted(once, names) == once
    assert redacted(text, []) == text


@given(
    before=st.text(max_size=20), after=st.text(max_size=20), name=st.text(alphabet="abcdefgh", min_size=3, max_size=9)
)
def test_a_whole_mention_goes_whatever_its_case(before: str, after: str, name: str) -> None:
    text = f"{before} {name.upper()} {after}"
    assert f" {name.upper()} " not in redacted(text, [name])


def test_pieces_of_other_words_stay() -> None:
    assert redacted("Annual report by Ann", ["Ann"]) == f"Annual report by {ERASED}"
