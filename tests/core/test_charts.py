"""Chart geometry: nothing leaves its drawing, parts add up, the unknown is never drawn as a value."""

from __future__ import annotations

import itertools
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csplatform.core import charts

finite = st.floats(-1e9, 1e9)
scores = st.lists(st.one_of(st.none(), st.integers(0, 10_000)), max_size=40)


@given(finite, finite, finite)
def test_a_scale_stays_in_its_range_and_keeps_order(low: float, high: float, value: float) -> None:
    low, high = min(low, high), max(low, high)
    scale = charts.Scale(low, high, 3, 97)
    assert 3 <= scale(value) <= 97 + 1e-9
    assert scale(low) <= scale(value) + 1e-6
    assert scale(value) <= scale(high) + 1e-6


def test_a_scale_without_width_answers_with_the_middle() -> None:
    assert charts.Scale(5, 5, 0, 100)(5) == 50


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.integers(0, 4_000), st.integers(1, 12))
def test_month_ticks_are_first_days_inside_the_range_and_few(first: date, days: int, most: int) -> None:
    last = first + timedelta(days=days)
    ticks = charts.month_ticks(first, last, most=most)
    assert len(ticks) <= most
    assert all(tick.day == 1 and first < tick <= last for tick in ticks)
    assert ticks == sorted(set(ticks))


@given(scores)
def test_a_missing_value_breaks_the_line_and_is_never_bridged(values: list[int | None]) -> None:
    points = [(float(i), None if value is None else float(value)) for i, value in enumerate(values)]
    runs = "".join("x" if value is not None else " " for value in values).split()
    paths = charts.line_paths(points)
    assert len(paths) == len(runs)
    assert [path.count("L") + 1 for path in paths] == [max(len(run), 2) for run in runs]


@given(scores)
def test_a_sparkline_stays_in_its_box_and_ends_at_the_last_known_value(values: list[int | None]) -> None:
    spark = charts.sparkline(values, low=0, high=10_000)
    known = [value for value in values if value is not None]
    assert (spark.end is None) == (not known)
    if spark.end:
        assert 0 <= spark.end[0] <= spark.width
        assert 0 <= spark.end[1] <= spark.height


@given(st.lists(st.integers(0, 10**12), min_size=1, max_size=8))
def test_a_stack_is_the_whole_and_nothing_but_the_whole(values: list[int]) -> None:
    parts = charts.stack(values)
    total = sum(part.length for part in parts)
    assert total == pytest.approx(100 if sum(values) else 0, abs=0.01)
    assert all(part.length >= 0 for part in parts)
    assert all(a.start <= b.start for a, b in itertools.pairwise(parts))


def test_a_stack_refuses_a_negative_part() -> None:
    with pytest.raises(ValueError, match="negative"):
        charts.stack([5, -1])


@given(st.integers(0, 2_000), st.integers(0, 2_000), st.integers(-2_000, 2_000), st.integers(1, 2_000))
def test_a_driver_bar_never_leaves_its_track(points: int, maximum: int, change: int, scale: int) -> None:
    bar = charts.driver_bar(points=points, maximum=maximum, change=change, scale=max(scale, maximum, 1))
    end_of_held = bar.held.length + bar.gained.length
    assert end_of_held <= bar.track + 0.02
    assert bar.lost.start + bar.lost.length <= bar.track + 0.02
    assert not (bar.lost.length and bar.gained.length)


def test_a_driver_bar_shows_a_loss_behind_and_a_gain_within_what_is_held() -> None:
    lost = charts.driver_bar(points=300, maximum=1500, change=-900, scale=1500)
    assert (lost.held.length, lost.lost.start, lost.lost.length) == (20.0, 20.0, 60.0)
    gained = charts.driver_bar(points=900, maximum=1500, change=300, scale=1500)
    assert (gained.held.length, gained.gained.start, gained.gained.length) == (40.0, 40.0, 20.0)


def test_a_driver_bar_needs_a_scale() -> None:
    with pytest.raises(ValueError, match="scale"):
        charts.driver_bar(points=1, maximum=1, change=0, scale=0)


@given(st.integers(0, 10**10), st.integers(0, 10**10), st.integers(1, 10**10))
def test_root_heights_keep_order_and_small_accounts_visible(a: int, b: int, largest: int) -> None:
    low, high = sorted((a, b))
    first = charts.root_height(low, largest, tallest=110, shortest=14)
    second = charts.root_height(high, largest, tallest=110, shortest=14)
    assert 14 <= first <= second <= 110


def test_a_quarter_of_the_money_is_half_the_height() -> None:
    assert charts.root_height(25, 100, tallest=100) == 50


heads = st.lists(st.tuples(st.floats(0, 100), st.floats(0, 128), st.floats(1, 40)), min_size=1, max_size=12)


@given(heads, st.integers(0, 5))
def test_labels_stay_inside_and_off_one_another_and_off_stems(
    marks: list[tuple[float, float, float]], keep: int
) -> None:
    places = [(x, y) for x, y, _ in marks]
    sides = charts.place_labels(places, widths=[width for *_, width in marks], keep=keep)
    spans: list[tuple[float, float, float]] = []
    for i, ((x, y, width), side) in enumerate(zip(marks, sides, strict=True)):
        if not side:
            continue
        left, right = (x, x + 1.8 + width) if side == "right" else (x - 1.8 - width, x)
        assert left >= 0
        assert right <= 100
        assert not any(left < other < right and top < y + 12 for j, (other, top) in enumerate(places) if j != i)
        assert not any(left < b and a < right and abs(y - level) < 18 for a, b, level in spans)
        spans.append((left, right, y))
    assert len(spans) <= keep
