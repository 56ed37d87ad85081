"""Groups against all the others together."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surveys.stats.ballots import Ballots
from surveys.stats.contrasts import Counted
from surveys.stats.segments import Group, Segmentation, against_the_rest
from tests.surveys.stats.makers import any_ballots, ballots, simulated


def region(*answers: int) -> Segmentation:
    return Segmentation("region", ("europe", "elsewhere"), np.array(answers))


def test_a_group_by_hand() -> None:
    given = ballots(*["ab"] * 9, *["c"] * 3, *["b"] * 10, *["a"] * 5)
    europe, elsewhere = against_the_rest(given, [region(*[0] * 12, *[1] * 10, *[-1] * 5)])
    assert (europe.question, europe.value, europe.n, elsewhere.n) == ("region", "europe", 12, 10)
    a, b, c, _ = europe.contrasts
    assert (a.this, a.other) == (Counted(9, 12), Counted(0, 10))
    assert (b.this.share, b.other.share, b.difference) == (0.75, 1.0, -0.25)
    assert [each.clear for each in (a, b, c)] == [True, False, False]
    assert elsewhere.contrasts[0].difference == -0.75


def test_nine_people_are_not_compared_nor_are_they_if_only_nine_are_left_over() -> None:
    given = ballots(*["a"] * 29)
    nine, twenty = against_the_rest(given, [region(*[0] * 9, *[1] * 20)])
    assert (nine.n, nine.contrasts, twenty.n, twenty.contrasts) == (9, (), 20, ())
    ten, nineteen = against_the_rest(given, [region(*[0] * 10, *[1] * 19)])
    assert len(ten.contrasts) == len(nineteen.contrasts) == 4


def test_what_is_too_small_does_not_make_the_others_less_clear() -> None:
    given = ballots(*["a"] * 12, *["b"] * 12, *["c"] * 3)
    three = Segmentation("role", ("x", "y", "z"), np.array([0] * 12 + [1] * 12 + [2] * 3))
    groups = against_the_rest(given, [three])
    assert [len(group.contrasts) for group in groups] == [4, 4, 0]
    (alone,) = [each for each in groups[0].contrasts if each.this == Counted(12, 12)]
    assert alone.clear


def test_chance_alone_is_called_clear_in_at_most_one_of_twenty_surveys() -> None:
    """Four groups without any difference, three small ones among them: no call at all in 95 of 100 surveys."""
    generator = np.random.default_rng(12)
    called = 0
    for _ in range(300):
        given = simulated(generator, 120, [6, 4, 2, 1, 1], (0.1, 0.2, 0.7))
        asked = Segmentation("role", tuple("wxyz"), generator.choice(4, size=120, p=[0.64, 0.12, 0.12, 0.12]))
        called += any(each.clear for group in against_the_rest(given, [asked]) for each in group.contrasts)
    assert called <= 24  # 15 expected at most; more than 24 has a chance of 1 in 100


def test_a_real_difference_is_found() -> None:
    generator = np.random.default_rng(13)
    leaders = simulated(generator, 140, [9, 3, 1, 1, 1]).choices
    others = simulated(generator, 260, [3, 9, 1, 1, 1]).choices
    given = Ballots(tuple("abcde"), np.concatenate((leaders, others)))
    group, _ = against_the_rest(given, [region(*[0] * 140, *[1] * 260)])
    assert [each.clear for each in group.contrasts[:2]] == [True, True]
    assert group.contrasts[0].difference > 0 > group.contrasts[1].difference


@settings(deadline=None)
@given(any_ballots(most=60), st.data())
def test_counts_of_groups_add_up_to_those_who_answered(given: Ballots, data: st.DataObject) -> None:
    answers = data.draw(st.lists(st.integers(-1, 2), min_size=given.n, max_size=given.n))
    asked = Segmentation("q", ("x", "y", "z"), np.array(answers, dtype=np.int64))
    groups = against_the_rest(given, [asked])
    assert [group.n for group in groups] == [answers.count(value) for value in range(3)]
    answered = given.where(asked.answers >= 0).chosen().sum(axis=0).tolist()
    for group in groups:
        for total, each in zip(answered, group.contrasts, strict=False):
            assert each.this.n == group.n >= 10
            assert each.this.count + each.other.count == total
            assert each.interval.low <= each.difference <= each.interval.high
            assert each.this.interval.low <= each.this.share <= each.this.interval.high


def test_a_small_group_that_differs_completely_can_be_told() -> None:
    given = ballots(*["a"] * 10, *["b"] * 200)
    groups: tuple[Group, ...] = against_the_rest(given, [region(*[0] * 10, *[1] * 200)])
    assert groups[0].contrasts[0].clear


def test_answers_must_fit_the_question_and_the_ballots() -> None:
    with pytest.raises(ValueError, match="from -1 to 1"):
        region(0, 2)
    with pytest.raises(ValueError, match="2 answers to 'region' for 1 ballots"):
        against_the_rest(ballots("a"), [region(0, 1)])
