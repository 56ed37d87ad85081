"""One typed line, understood."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journeys.engagement.quick import DIRECTIONS, SENTIMENTS, Line, read


@pytest.mark.parametrize(
    ("typed", "understood"),
    [
        ("Weekly review", Line("Weekly review")),
        ("call> Weekly review", Line("Weekly review", "call")),
        ("Mail < Wants a quote", Line("Wants a quote", "email", "customer_to_vendor")),
        ("meet<> User group", Line("User group", "meeting", "customer_to_customer")),
        ("~ Talked to the press", Line("Talked to the press", "other", "customer_to_third_party")),
        ("call> Review @ann @bob.carter +", Line("Review", "call", sentiment="positive", people=("ann", "bob.carter"))),
        ("call> #loxley Review -", Line("Review", "call", sentiment="negative", customers=("loxley",))),
        ("mail> Sent to @ann@loxley.example", Line("Sent to", "email", people=("ann@loxley.example",))),
        ("Appel> Bilan", Line("Bilan", "call")),
        ("5 > 3 was the answer", Line("5 > 3 was the answer")),
        ("pigeon> Hello", Line("pigeon> Hello")),
        ("Wrote to ann@loxley.example", Line("Wrote to ann@loxley.example")),
        ("Grade C-", Line("Grade C-")),
        ("call Weekly review", Line("Weekly review", "call")),
        ("   ", Line("")),
    ],
)
def test_lines_people_type(typed: str, understood: Line) -> None:
    assert read(typed) == understood


@given(st.text(max_size=300))
def test_anything_typed_is_understood_somehow(text: str) -> None:
    line = read(text)
    assert line.direction in DIRECTIONS.values()
    assert line.sentiment in {"", *SENTIMENTS.values()}
    assert line.subject == " ".join(line.subject.split())


@given(st.text(alphabet="abcdefg hij,.", min_size=1, max_size=60), st.sampled_from(sorted(DIRECTIONS)))
def test_the_words_after_the_arrow_are_never_lost(words: str, arrow: str) -> None:
    assert read(f"call{arrow} {words}").subject == " ".join(words.split())
