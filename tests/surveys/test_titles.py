"""Which sentence is the title, by how many options may be first; and what the standfirst may say of them."""

from __future__ import annotations

import random
from typing import Any

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from surveys.results import titles, words
from surveys.results.document import Source, figures
from surveys.results.people import Person
from tests.surveys.waves import draw

LABELS = dict(zip("abcdefgh", ("Proving value", "Low adoption", "CSM overload", *"DEFGH"), strict=True))


def title(case: str, leaders: str) -> dict[str, Any]:
    return {"case": case, "leaders": list(leaders), "clear_gap": False, "others_first": {}}


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        (title("one", "a"), "Proving value is the challenge named most often"),
        (title("two", "ab"), "Two challenges share first place: proving value and low adoption"),
        (title("three", "abc"), "Three challenges share first place: proving value, low adoption and CSM overload"),
        (
            title("four_five", "abcd"),
            "No single challenge leads: proving value, low adoption, CSM overload and D are too close to call",
        ),
        (title("six_plus", "abcdef"), "No clear leader: 6 of 8 challenges could be first"),
        (title("all_alike", "abcdefgh"), "These answers do not separate the 8 challenges"),
        (title("too_few", ""), "Fewer than 10 answers: no ranking is shown"),
        (None, "Fewer than 10 answers: no ranking is shown"),
    ],
)  # fmt: skip
def test_the_title_says_ties_as_ties(told: dict[str, Any] | None, sentence: str) -> None:
    assert titles.headline(told, LABELS) == sentence


def counted(people: list[Person], k: int) -> dict[str, Any]:
    options = [(number + 1, key) for number, key in enumerate("abcdefgh"[:k])]
    return figures(Source(people, options, [], {key: {"en": key} for _, key in options}, seed=1, resamples=100))


def ballots(n: int, weights: list[float], seed: int) -> list[Person]:
    chance = random.Random(seed)
    most = min(3, len(weights))
    return [Person(str(i), tuple(draw(weights, chance.randint(1, most), chance)), ()) for i in range(n)]


@given(st.integers(10, 150), st.lists(st.floats(0.05, 10), min_size=2, max_size=8), st.integers(0, 1000))
def test_within_a_tie_nothing_is_said_to_be_ahead(n: int, weights: list[float], seed: int) -> None:
    found = counted(ballots(n, weights, seed), len(weights))
    labels = {key: LABELS[key] for key in "abcdefgh"[: len(weights)]}
    ranked = found["rankings"]["mentions"]["title"]
    text = titles.headline(ranked, labels) + " " + titles.standfirst(found, labels)
    for never in ("margin of error", "significant", "customers think", "the industry", "narrowly", "just ahead"):
        assert never not in text
    assert ("clearly ahead" in text) <= ranked["clear_gap"]
    if len(ranked["leaders"]) > 1:
        assert "named most often" not in titles.headline(ranked, labels)


def test_a_clear_winner_is_said_to_be_one() -> None:
    people = [Person(str(i), (1, 2 + i % 3), ()) for i in range(100)]
    found = counted(people, 5)
    text = titles.standfirst(found, {key: LABELS[key] for key in "abcde"})
    assert "100% of the 100 people who answered put proving value in their top 3." in text
    assert "It is clearly ahead of the other four." in text


def test_another_first_by_another_method_is_told() -> None:
    """Everybody names 1 second or third; 2 is put first by most who name it."""
    people = [Person(str(i), (2 + i % 2, 1), ()) for i in range(60)]
    assert "more often put first" in titles.standfirst(counted(people, 3), LABELS)


@pytest.mark.parametrize(
    ("language", "shares"), [("en", "47%"), ("fr", "47\N{NO-BREAK SPACE}%"), ("de", "47\N{NO-BREAK SPACE}%")]
)
def test_percentages_are_written_as_each_language_does(language: str, shares: str) -> None:
    with translation.override(language):
        assert words.percent(0.4651) == shares


@given(st.integers(0, 1000))
def test_halves_are_rounded_up_everywhere(thousandths: int) -> None:
    assert words.whole(thousandths / 1000) == (thousandths + 5) // 10


def test_ranks_in_words() -> None:
    assert words.rank(1, 3) == "between 1st and 3rd"
    assert words.rank(1, 1) == "1st"
    assert [words.ordinal(place) for place in (2, 11, 12, 13, 21, 22)] == [
        "2nd",
        "11th",
        "12th",
        "13th",
        "21st",
        "22nd",
    ]


@pytest.mark.parametrize(("k", "case", "leaders"), [(3, "two", "ab"), (4, "three", "abc"), (5, "four_five", "abcd")])
def test_a_tie_that_leaves_one_other_speaks_of_one(k: int, case: str, leaders: str) -> None:
    labels = {key: LABELS[key] for key in "abcdefgh"[:k]}
    ranked = {"title": {**title(case, leaders), "clear_gap": True}, "order": list(labels)}
    options = [{"key": key, "mention_share": 0.5} for key in labels]
    text = titles.standfirst({"is_enough": True, "n": 50, "options": options, "rankings": {"mentions": ranked}}, labels)
    assert "clearly ahead of the only other one." in text
