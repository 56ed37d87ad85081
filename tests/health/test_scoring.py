"""Scores add up to the last hundredth, say only what is known, and move the right way."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from health import scoring
from health.defaults import default_content
from health.measures import DefinitionError

CARD = scoring.parse_card(default_content())
VALUES = st.lists(
    st.one_of(st.none(), st.floats(-5, 500, allow_nan=False)), min_size=len(CARD.items), max_size=len(CARD.items)
)


def rows(*values: list[float | None]) -> np.ndarray:
    return np.array([[np.nan if v is None else v for v in row] for row in values], dtype=np.float64)


def score_one(values: list[float | None], *, applicable: bool = True) -> scoring.Scores:
    return scoring.score(CARD, rows(values), np.array([applicable]))


@given(VALUES)
def test_points_add_up_to_the_score_and_maximum_points_to_a_hundred(values: list[float | None]) -> None:
    scores = score_one(values)
    if scores.total[0] >= 0:
        assert scores.points[0].sum() == scores.total[0]
    if any(v is not None for v in values):
        assert scores.max_points[0].sum() == scoring.FULL
    assert (scores.points >= 0).all()
    assert (scores.points <= scores.max_points + 1).all()


@given(VALUES)
def test_a_missing_measure_is_neither_good_nor_bad(values: list[float | None]) -> None:
    """Dropping a measure leaves the mean share of the others; only coverage falls."""
    scores = score_one(values)
    shares, weights = [], []
    for item, value in zip(CARD.items, values, strict=True):
        if value is not None:
            shares.append(float(scoring.share(item.curve, np.array([value]))[0]))
            weights.append(item.weight)
    if scores.total[0] >= 0:
        expected = np.average(shares, weights=weights) * scoring.FULL
        assert abs(scores.total[0] - expected) <= 0.5 + 1e-6
    assert scores.coverage[0] == int(sum(weights) / sum(i.weight for i in CARD.items) * 100 + 0.5)


def test_too_little_known_is_unknown_and_has_no_score() -> None:
    values: list[float | None] = [None] * len(CARD.items)
    values[0] = 10.0
    scores = score_one(values)
    assert (scores.band[0], scores.total[0]) == ("unknown", -1)


def test_before_the_contract_health_is_not_applicable_whatever_is_known() -> None:
    scores = score_one([10.0] * len(CARD.items), applicable=False)
    assert (scores.band[0], scores.total[0], scores.coverage[0]) == ("not_applicable", -1, 0)


@pytest.mark.parametrize(("total", "band"), [(7000, "healthy"), (6999, "watch"), (4500, "watch"), (4499, "at_risk")])
def test_bands_start_at_their_threshold(total: int, band: str) -> None:
    item = scoring.Item("m", {"en": "M"}, "", "value", 1, ((0.0, 0.0), (1.0, 1.0)), CARD.items[0].spec)
    card = scoring.Card((item,), CARD.groups, 70, 45, 0.5)
    scores = scoring.score(card, np.array([[total / 10_000]]), np.array([True]))
    assert (scores.total[0], scores.band[0]) == (total, band)


@given(st.lists(st.floats(0, 1e4), min_size=1, max_size=12), st.integers(0, 3))
def test_rounding_residual_goes_to_the_largest_remainders(parts: list[float], extra: int) -> None:
    array = np.array([parts])
    total = int(np.floor(array + 1e-9).sum()) + min(extra, len(parts))
    split = scoring.split_exactly(array, np.array([total]))
    assert split.sum() == total
    assert (np.abs(split - array) <= 1 + 1e-6).all()


@given(VALUES, st.integers(0, len(CARD.items) - 1))
def test_scoring_many_equals_scoring_each(values: list[float | None], position: int) -> None:
    other = list(values)
    other[position] = 3.0
    together = scoring.score(CARD, rows(values, other), np.array([True, True]))
    for index, row in enumerate((values, other)):
        alone = score_one(row)
        assert (together.points[index] == alone.points[0]).all()
        assert together.total[index] == alone.total[0]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"items": []}, "items"),
        ({"bands": {"healthy": 40, "watch": 45}}, "bands"),
        ({"items": [{**default_content()["items"][0], "curve": [[1, 0], [0, 1]]}]}, "curve"),
        ({"items": [{**default_content()["items"][0], "curve": [[0, 0], [1, 2]]}]}, "curve"),
        ({"items": [{**default_content()["items"][0], "weight": -1}]}, "weight"),
        ({"items": [{**default_content()["items"][0], "weight": 0}]}, "items"),
        ({"items": [{**default_content()["items"][0], "group": "moods"}]}, "group"),
        ({"items": [default_content()["items"][0]] * 2}, "items"),
    ],
)
def test_an_unusable_scorecard_is_refused_by_name(change: dict[str, object], field: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        scoring.parse_card({**default_content(), **change})
    assert caught.value.field == field
