"""When the digest comes: by the receiver's own clock, through the changes of clocks, and on weekdays."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from health.alerts import rules

PARIS, NEW_YORK = ZoneInfo("Europe/Paris"), ZoneInfo("America/New_York")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def digest(now: str, zone: ZoneInfo = PARIS, hour: int = 8, only_weekdays: bool = True) -> datetime:
    return rules.next_digest(at(now), zone=zone, hour=hour, only_weekdays=only_weekdays).astimezone(UTC)


def test_it_comes_today_while_the_hour_is_ahead_and_else_tomorrow() -> None:
    assert digest("2026-06-16T05:59") == at("2026-06-16T06:00")
    assert digest("2026-06-16T06:00") == at("2026-06-17T06:00")


def test_the_same_hour_is_another_moment_elsewhere() -> None:
    assert digest("2026-06-16T09:00", NEW_YORK) == at("2026-06-16T12:00")


def test_after_friday_comes_monday_unless_weekends_are_wanted() -> None:
    assert digest("2026-06-19T09:00") == at("2026-06-22T06:00")
    assert digest("2026-06-19T09:00", only_weekdays=False) == at("2026-06-20T06:00")


def test_eight_stays_eight_when_clocks_change() -> None:
    assert digest("2026-03-27T12:00") == at("2026-03-30T06:00")
    assert digest("2026-10-23T12:00") == at("2026-10-26T07:00")


def test_an_hour_that_is_skipped_comes_an_hour_later_and_one_that_comes_twice_comes_once() -> None:
    assert digest("2026-03-29T00:00", hour=2, only_weekdays=False) == at("2026-03-29T01:00")
    assert digest("2026-10-25T00:30", hour=2, only_weekdays=False) == at("2026-10-26T01:00")


@given(
    minutes=st.integers(0, 6 * 366 * 24 * 60),
    zone=st.sampled_from(["Europe/Paris", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "UTC"]),
    hour=st.integers(0, 23),
    only_weekdays=st.booleans(),
)
def test_it_is_always_ahead_and_never_further_than_the_weekend(
    minutes: int, zone: str, hour: int, only_weekdays: bool
) -> None:
    now = at("2024-01-01T00:00") + timedelta(minutes=minutes)
    found = rules.next_digest(now, zone=ZoneInfo(zone), hour=hour, only_weekdays=only_weekdays)
    assert found.timestamp() > now.timestamp()
    assert found.timestamp() - now.timestamp() <= timedelta(days=3 if only_weekdays else 1, hours=2).total_seconds()
    assert not (only_weekdays and found.weekday() >= 5)
    assert found.hour == hour
