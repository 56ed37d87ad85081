"""Working days: weekends, holidays, and the two days a year that have no 24 hours."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journeys.working_days import WorkingDays

PARIS = ZoneInfo("Europe/Paris")
ZONES = ["Europe/Paris", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "Asia/Kathmandu", "UTC"]

moments = st.integers(0, 4 * 366 * 24 * 60).map(
    lambda minutes: datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)
day_numbers = st.integers(0, 6)


@st.composite
def calendars(draw: st.DrawFn) -> WorkingDays:
    """Any way of working: odd weekends, opening in the hour the clocks skip, weeks of holidays."""
    first = draw(st.dates(date(2024, 1, 1), date(2027, 12, 1)))
    minutes = sorted(draw(st.lists(st.integers(0, 24 * 60 - 1), min_size=2, max_size=2, unique=True)))
    return WorkingDays(
        zone=ZoneInfo(draw(st.sampled_from(ZONES))),
        weekend=draw(st.frozensets(day_numbers, max_size=6)),
        holidays=frozenset(first + timedelta(days=n) for n in draw(st.lists(st.integers(0, 40), max_size=12))),
        opens=time(*divmod(minutes[0], 60)),
        closes=time(*divmod(minutes[1], 60)),
    )


def at(text: str) -> datetime:
    """A moment told by the clock in Paris."""
    return datetime.fromisoformat(text).replace(tzinfo=PARIS).astimezone(UTC)


def test_a_weekend_is_not_counted() -> None:
    # Friday morning, three working days: Monday, Tuesday, Wednesday evening.
    assert WorkingDays(PARIS).due(at("2026-11-20 10:00"), 3) == at("2026-11-25 17:00")


def test_holidays_are_not_counted() -> None:
    days = WorkingDays(PARIS, holidays=frozenset({date(2026, 12, 25)}))
    assert days.due(at("2026-12-23 10:00"), 2) == at("2026-12-28 17:00")


def test_what_is_offered_after_closing_or_on_a_day_off_counts_from_the_next_working_day() -> None:
    days = WorkingDays(PARIS)
    monday = days.due(at("2026-11-23 08:00"), 1)
    assert days.due(at("2026-11-20 17:00"), 1) == monday
    assert days.due(at("2026-11-22 12:00"), 1) == monday


def test_no_days_means_by_the_end_of_the_day() -> None:
    assert WorkingDays(PARIS).due(at("2026-11-20 10:00"), 0) == at("2026-11-20 17:00")


def test_a_week_of_another_shape_works_too() -> None:
    days = WorkingDays(ZoneInfo("Africa/Cairo"), weekend=frozenset({4, 5}))
    assert days.after(date(2026, 11, 19), 1) == date(2026, 11, 22)


@pytest.mark.parametrize(
    ("start", "end", "hours"),
    [
        ("2026-11-20 16:00", "2026-11-23 10:00", 2),  # an hour on Friday, an hour on Monday
        ("2026-11-21 09:00", "2026-11-22 23:00", 0),
        ("2026-11-23 09:00", "2026-11-23 17:00", 8),
        ("2026-11-23 17:00", "2026-11-23 09:00", 0),
    ],
)
def test_working_time_is_what_lies_in_the_hours_of_working_days(start: str, end: str, hours: int) -> None:
    assert WorkingDays(PARIS).worked(at(start), at(end)) == timedelta(hours=hours)


def test_the_working_day_ends_by_the_clock_on_the_wall_whatever_the_season() -> None:
    days = WorkingDays(PARIS)
    assert days.due(datetime(2026, 3, 27, 9, tzinfo=UTC), 0) == datetime(2026, 3, 27, 16, tzinfo=UTC)
    assert days.due(datetime(2026, 3, 27, 9, tzinfo=UTC), 1) == datetime(2026, 3, 30, 15, tzinfo=UTC)


def test_a_night_shift_has_an_hour_less_when_the_clocks_go_forward_and_one_more_when_they_go_back() -> None:
    nights = WorkingDays(PARIS, weekend=frozenset({0}), opens=time(1), closes=time(6))

    def midnight(day: date) -> datetime:
        return datetime.combine(day, time(), PARIS).astimezone(UTC)

    for day, hours in ((date(2026, 3, 29), 4), (date(2026, 10, 25), 6), (date(2026, 7, 5), 5)):
        assert nights.worked(midnight(day), midnight(day + timedelta(days=1))) == timedelta(hours=hours)


def test_a_week_without_a_working_day_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one day"):
        WorkingDays(PARIS, weekend=frozenset(range(7)))


@given(calendars(), moments, st.integers(0, 30))
def test_a_due_date_is_a_working_day_at_closing_time_and_never_before_the_offer(
    days: WorkingDays, moment: datetime, number: int
) -> None:
    due = days.due(moment, number)
    assert due >= moment
    assert any(days.is_working(day) and days.hours(day)[1] == due for day in _around(days, due))


def _around(days: WorkingDays, moment: datetime) -> list[date]:
    """The day of ``moment`` and the one before: a closing time the clocks skip may fall past midnight."""
    day = days.day_of(moment)
    return [day - timedelta(days=1), day]


@given(calendars(), moments, moments, st.integers(0, 15), st.integers(0, 15))
def test_later_offers_and_longer_terms_are_never_due_earlier(
    days: WorkingDays, one: datetime, other: datetime, few: int, more: int
) -> None:
    first, last = sorted((one, other))
    assert days.due(first, few) <= days.due(last, few)
    assert days.due(first, min(few, more)) <= days.due(first, max(few, more))


@given(calendars(), st.dates(date(2024, 1, 1), date(2027, 1, 1)), st.integers(0, 30))
def test_counting_days_back_gives_what_was_counted_forwards(days: WorkingDays, day: date, number: int) -> None:
    start = days.after(day, 0)
    assert days.between(start, days.after(start, number)) == number


@given(calendars(), moments, st.integers(0, 60 * 24 * 60), st.integers(0, 60 * 24 * 60))
def test_working_time_adds_up_and_never_exceeds_the_time_that_passed(
    days: WorkingDays, start: datetime, one: int, other: int
) -> None:
    middle = start + timedelta(minutes=one)
    end = middle + timedelta(minutes=other)
    whole = days.worked(start, end)
    assert days.worked(start, middle) + days.worked(middle, end) == whole
    assert timedelta(0) <= whole <= end - start
