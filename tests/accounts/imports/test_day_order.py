"""Which way round dates are written, found out from all of them together."""

from __future__ import annotations

from datetime import date, datetime, time

from hypothesis import given
from hypothesis import strategies as st

from accounts.imports.day_order import Evidence, Order, are_dates, year_first

DATES = st.dates(date(1990, 1, 1), date(2100, 12, 31))
SEPARATORS = st.sampled_from("/-")
WRITINGS = {Order.DAY_FIRST: "%d{0}%m{0}%Y", Order.MONTH_FIRST: "%m{0}%d{0}%Y"}


def seen(cells: list[str]) -> Order:
    evidence = Evidence()
    evidence.see(cells)
    return evidence.order


@given(st.lists(DATES, min_size=1), SEPARATORS, st.sampled_from(list(WRITINGS)), DATES.filter(lambda day: day.day > 12))
def test_one_date_that_can_mean_nothing_else_tells_how_all_are_meant(
    days: list[date], separator: str, order: Order, telling: date
) -> None:
    written = [day.strftime(WRITINGS[order].format(separator)) for day in [*days, telling]]
    assert are_dates(written)
    assert seen(written) is order
    assert [year_first(cell, order) for cell in written] == [day.isoformat() for day in [*days, telling]]


@given(st.lists(DATES.filter(lambda day: day.day <= 12), min_size=1), SEPARATORS)
def test_where_nothing_tells_nothing_is_guessed(days: list[date], separator: str) -> None:
    written = [day.strftime(f"%d{separator}%m{separator}%Y") for day in days]
    assert seen(written) is Order.EITHER
    assert [year_first(cell, Order.EITHER) for cell in written] == written


@given(DATES, st.times().map(lambda at: at.replace(microsecond=0, tzinfo=None)))
def test_a_time_behind_it_stays(day: date, at: time) -> None:
    written = f"{day:%d/%m/%Y} {at:%H:%M:%S}"
    assert datetime.fromisoformat(year_first(written, Order.DAY_FIRST)) == datetime.combine(day, at)


def test_points_are_always_day_first_and_both_ways_at_once_are_mixed() -> None:
    assert seen(["01.02.2026"]) is Order.DAY_FIRST
    assert seen(["13/01/2026", "01/13/2026"]) is Order.MIXED


def test_other_columns_are_let_alone() -> None:
    assert not are_dates(["2026-01-31"])
    assert not are_dates(["31/01/2026", "Acme"])
    assert not are_dates(["", " "])
    assert year_first("12/2026", Order.DAY_FIRST) == "12/2026"
