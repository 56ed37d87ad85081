"""Which own words are suggested together."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from surveys import grouping

TEXTS = st.dictionaries(st.integers(), st.text(max_size=40), max_size=30)


def together(*texts: str) -> list[set[str]]:
    return [{texts[i] for i in group.members} for group in grouping.groups(dict(enumerate(texts)))]


def test_case_accents_punctuation_and_filler_words_do_not_matter() -> None:
    assert len(together("Churn!", "the churn", "CHURN", "churn …")) == 1
    assert len(together("Qualité des données", "qualite de donnees")) == 1
    assert len(together("Zu viele Tools", "viele tools")) == 1


def test_inflections_and_details_join_the_shorter_form() -> None:
    assert together("AI adoption", "Adoption of AI", "adopting AI agents", "Hiring", "hiring people") == [
        {"AI adoption", "Adoption of AI", "adopting AI agents"},
        {"Hiring", "hiring people"},
    ]


def test_different_things_stay_apart() -> None:
    assert len(together("Pricing changes", "Hiring CSMs", "GDPR paperwork", "Tool sprawl")) == 4


def test_the_label_is_the_most_frequent_wording() -> None:
    (group,) = grouping.groups({1: "tool sprawl", 2: "Tool sprawl", 3: "Tool sprawl"})
    assert group.label == "Tool sprawl"


@given(TEXTS)
def test_every_text_is_in_exactly_one_group(texts: dict[int, str]) -> None:
    members = [key for group in grouping.groups(texts) for key in group.members]
    assert sorted(members) == sorted(texts)


@given(TEXTS, st.randoms(use_true_random=False))
def test_the_order_of_the_texts_does_not_matter(texts: dict[int, str], dice: random.Random) -> None:
    shuffled = list(texts.items())
    dice.shuffle(shuffled)
    assert grouping.groups(texts) == grouping.groups(dict(shuffled))


@given(TEXTS, st.text(min_size=1, max_size=20))
def test_the_same_words_are_always_together(texts: dict[int, str], words: str) -> None:
    both = {**texts, 10**9: words, 10**9 + 1: f"  {words.upper().lower()}!"}
    if grouping.telling(both[10**9]) != grouping.telling(both[10**9 + 1]):
        return
    (holder,) = [group for group in grouping.groups(both) if 10**9 in group.members]
    assert 10**9 + 1 in holder.members


@given(st.frozensets(st.text(min_size=3, max_size=3)), st.frozensets(st.text(min_size=3, max_size=3)))
def test_likeness_is_mutual_and_between_nothing_and_everything(one: frozenset[str], other: frozenset[str]) -> None:
    assert grouping.alike(one, other) == grouping.alike(other, one)
    assert 0 <= grouping.alike(one, other) <= 1
    assert grouping.alike(one, one) == (1 if one else 0)
