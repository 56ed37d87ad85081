"""A shift of the customers is found when there is one, and chance is not taken for one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from health.churn import drift

COLUMNS, LEARNED = 20, 2_000


def looked_at(customers: int, *, moved_by: float, seed: int) -> list[bool]:
    """Which of the columns raise an alarm; the first moves by so many standard deviations."""
    generator = np.random.default_rng(seed)
    told = drift.reference(generator.normal(size=(LEARNED, COLUMNS)))
    now = generator.normal(size=(customers, COLUMNS))
    now[:, 0] += moved_by
    shifts, chance = drift.shifts(told, now), drift.chance(told, customers)
    return [shift > max(drift.ALARM, most) for shift, most in zip(shifts, chance, strict=True)]


@pytest.mark.parametrize("customers", [20, 40, 100, 1_000])
def test_customers_like_those_learned_from_hardly_ever_raise_an_alarm(customers: int) -> None:
    alarms = [any(looked_at(customers, moved_by=0, seed=seed)) for seed in range(100)]
    assert sum(alarms) <= 3


@pytest.mark.parametrize("customers", [100, 1_000])
def test_a_planted_shift_is_found_in_its_column_and_in_no_other(customers: int) -> None:
    for seed in range(20):
        moved, *others = looked_at(customers, moved_by=1.5, seed=seed)
        assert moved
        assert not any(others)


def test_a_column_that_has_gone_missing_is_a_shift() -> None:
    told = drift.reference(np.random.default_rng(1).normal(size=(500, 1)))
    (shift,) = drift.shifts(told, np.full((200, 1), np.nan))
    assert shift > max(drift.ALARM, drift.chance(told, 200)[0])


@given(st.integers(1, 400), st.integers(0, 2**32 - 1))
def test_the_index_is_never_below_nothing_and_nothing_for_the_same_rows(rows: int, seed: int) -> None:
    values = np.random.default_rng(seed).normal(size=(rows, 3))
    assert drift.shifts(drift.reference(values), values) == pytest.approx([0, 0, 0])
    other = np.random.default_rng(seed + 1).normal(2, 3, size=(7, 3))
    assert min(drift.shifts(drift.reference(values), other)) >= 0


@pytest.mark.parametrize(("came", "is_off"), [(10, False), (14, False), (30, True), (0, True)])
def test_a_level_is_off_when_chance_does_not_explain_the_gap(came: int, is_off: bool) -> None:
    told = np.full(200, 0.05)
    labels = np.zeros(200)
    labels[:came] = 1
    level = drift.level(told, labels)
    assert level["expected"] == pytest.approx(10)
    assert (level["churned"], level["is_off"]) == (came, is_off)
