"""When a schedule comes round, by the clock on the workspace's wall. Pure."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from journeys.playbooks.definition import WEEKLY, Schedule


def slot_on(schedule: Schedule, day: date, zone: ZoneInfo) -> datetime:
    """The moment (UTC) the schedule's time is on ``day``.

    A time the clocks skip is read by the offset before the change; of one that comes twice it is the first.
    """
    return datetime.combine(day, schedule.at, zone).astimezone(UTC)


def is_day(schedule: Schedule, day: date) -> bool:
    return schedule.every != WEEKLY or day.weekday() == schedule.weekday


def next_after(schedule: Schedule, moment: datetime, zone: ZoneInfo) -> datetime:
    """The first slot later than ``moment``."""
    day = moment.astimezone(zone).date() - timedelta(days=1)
    while not (is_day(schedule, day) and slot_on(schedule, day, zone) > moment):
        day += timedelta(days=1)
    return slot_on(schedule, day, zone)


def latest_until(schedule: Schedule, moment: datetime, zone: ZoneInfo) -> date:
    """The workspace's day of the last slot not later than ``moment``: what was missed runs once, not often."""
    day = moment.astimezone(zone).date()
    while not (is_day(schedule, day) and slot_on(schedule, day, zone) <= moment):
        day -= timedelta(days=1)
    return day
