"""Handovers as lines people read: when they are due in working days, who is asked, how far the checklist is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from accounts.models import Membership
from accounts.models.customers import ContractState
from journeys.models import Relay, RelayState
from journeys.selectors import relays as selectors
from journeys.selectors import working
from journeys.selectors.relays import Ticks
from journeys.working_days import WorkingDays


@dataclass(frozen=True, slots=True)
class Line:
    """A handover for people. ``due_on``: the workspace's day; ``days``: working days until then, or since then.

    ``asked``: who is asked by name, None for anybody of the department; ``left``: the person it was meant for is gone.
    """

    relay: Relay
    due_on: date
    days: int
    is_open: bool
    is_late: bool
    asked: Membership | None
    left: Membership | None
    ticks: Ticks

    @property
    def money_minor(self) -> int | None:
        """ARR, before the contract the expected one; None where unknown."""
        customer = self.relay.customer
        is_before = customer.contract_state == ContractState.NONE
        money: int | None = customer.expected_arr_minor if is_before else customer.arr_minor
        return money

    @property
    def is_before_contract(self) -> bool:
        return bool(self.relay.customer.contract_state == ContractState.NONE)


def lines(relays: Sequence[Relay], *, now: datetime) -> list[Line]:
    """The handovers as lines; a few queries for any number."""
    if not relays:
        return []
    days, ticks = working.working_days(), selectors.ticks(relays)
    return [_line(relay, days, ticks[relay.pk], now) for relay in relays]


def _line(relay: Relay, days: WorkingDays, ticks: Ticks, now: datetime) -> Line:
    due_on, today = days.day_of(relay.due_at), days.day_of(now)
    is_open = relay.state == RelayState.OFFERED
    is_late = is_open and relay.due_at <= now
    has_left = relay.taker is not None and relay.taker.left_at is not None
    return Line(
        relay=relay,
        due_on=due_on,
        days=days.between(due_on, today) if is_late else days.between(today, due_on),
        is_open=is_open,
        is_late=is_late,
        asked=None if has_left else relay.taker,
        left=relay.taker if has_left and is_open else None,
        ticks=ticks,
    )
