"""What subscriptions mean on a given day, from what was known by then. Pure: no Django, no clock.

The rules are those of the interface contract, "Facts and time":

- An ``ends_on`` earlier than start + billing period is an early termination. It is known from the cancellation
  (``cancelled_on``), else from the day it ended, and not before; until then the planned end is ``renewal_on``,
  else start + billing period. A later ``ends_on`` is a term known from the start.
- A cancellation is known on ``cancelled_on``, else at its end.
- A customer has churned when its last paid subscription ended with no successor within the grace period,
  dated at the end. Nothing is inferred beyond ``through``, the day up to which facts are complete.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

_QUARTER_DAYS, _MONTH_DAYS = 90, 30


@dataclass(frozen=True, slots=True)
class Terms:
    """One version of a subscription. ``ends_on`` is the first day without it. Money in minor units a year.

    ``billing_period_months`` is at least 1.
    """

    starts_on: date
    arr_minor: int
    billing_period_months: int = 12
    ends_on: date | None = None
    cancelled_on: date | None = None
    renewal_on: date | None = None
    auto_renews: bool = False
    notice_days: int | None = None
    seats: int | None = None


@dataclass(frozen=True, slots=True)
class Contract:
    """A customer's contract on a day. ``state`` is one of none, active, notice_given, in_grace, churned."""

    state: str
    arr_minor: int = 0
    seats: int | None = None
    customer_since: date | None = None
    renewal_on: date | None = None
    notice_deadline: date | None = None
    churned_on: date | None = None


def add_months(day: date, months: int) -> date:
    """``day`` moved by ``months``; the 31st becomes the month's last day where it has fewer."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    if day.day <= 28:
        return day.replace(year=year, month=month + 1)  # every month has it: nothing to look up
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def early_end_known_on(terms: Terms) -> date | None:
    """The day from which an early termination is known; None when ``ends_on`` is no early termination."""
    if terms.ends_on is None or terms.ends_on >= add_months(terms.starts_on, terms.billing_period_months):
        return None
    return min(terms.cancelled_on, terms.ends_on) if terms.cancelled_on else terms.ends_on


def known_end(terms: Terms, day: date) -> date | None:
    """The end of the subscription as known by the end of ``day``; None while it is open-ended.

    A cancellation without an end lets the subscription run out at its planned end.
    """
    early_on = early_end_known_on(terms)
    if early_on is None and terms.ends_on is not None:
        return terms.ends_on
    if early_on is not None and early_on <= day:
        return terms.ends_on
    if notice_known(terms, day):
        assert terms.cancelled_on is not None
        return planned_end(terms, terms.cancelled_on)
    return None


def planned_end(terms: Terms, day: date) -> date:
    """The first day on or after ``day`` on which a billing period ends: ``renewal_on``, else start + period, and on."""
    first = terms.renewal_on or add_months(terms.starts_on, terms.billing_period_months)
    months = (day.year - first.year) * 12 + day.month - first.month
    periods = max(0, months // terms.billing_period_months)
    while (end := add_months(first, periods * terms.billing_period_months)) < day:
        periods += 1
    return end


def notice_known(terms: Terms, day: date) -> bool:
    """Whether a cancellation had been given by the end of ``day``."""
    return terms.cancelled_on is not None and terms.cancelled_on <= day


def next_renewal(terms: Terms, day: date) -> date | None:
    """The next day after ``day`` on which the subscription renews or runs out, as known by ``day``."""
    end = known_end(terms, day)
    if end is not None:
        return end if end > day else None
    return planned_end(terms, day + timedelta(days=1))


def notice_deadline(terms: Terms, renewal: date) -> date | None:
    """The last day to give notice before ``renewal``; None where it does not renew by itself or no notice is agreed."""
    if not terms.auto_renews or terms.notice_days is None:
        return None
    return renewal - timedelta(days=terms.notice_days)


def renewal_is_near_within(notice_days: int | None) -> int:
    """Days before a renewal from which on it is near: a quarter, or a month to decide before notice must be given."""
    return max(_QUARTER_DAYS, (notice_days or 0) + _MONTH_DAYS)


def near_renewal(terms: Terms, day: date) -> date | None:
    """The next renewal of a paid subscription that goes on, when it is near on ``day``; None otherwise."""
    if terms.arr_minor <= 0 or terms.starts_on > day or notice_known(terms, day):
        return None
    renewal = next_renewal(terms, day)
    notice_days = terms.notice_days if terms.auto_renews else None
    if renewal is None or (renewal - day).days > renewal_is_near_within(notice_days):
        return None
    return renewal


def contract_on(terms: Iterable[Terms], day: date, *, grace_days: int, through: date | None = None) -> Contract:
    """The contract state at the end of ``day`` from versions already known by then.

    ``terms``: the latest known version of each of one customer's subscriptions. Free ones (no revenue) are no
    contract. With several in force: the sum of ARR and seats, the earliest renewal and notice deadline. In grace the
    seats of those that ended last still stand, the revenue does not.
    """
    if through is not None and day > through:
        day = through
    started = [t for t in terms if t.arr_minor > 0 and t.starts_on <= day]
    if not started:
        return Contract(state="none")
    since = min(t.starts_on for t in started)
    ends = [known_end(t, day) for t in started]
    running = [(t, end) for t, end in zip(started, ends, strict=True) if end is None or end > day]
    if running:
        return _running(running, day, since)
    last_end = max(end for end in ends if end is not None)
    if day - last_end <= timedelta(days=grace_days):
        last = [t for t, end in zip(started, ends, strict=True) if end == last_end]
        return Contract(state="in_grace", seats=_seats(last), customer_since=since, renewal_on=last_end)
    return Contract(state="churned", customer_since=since, churned_on=last_end)


@dataclass(frozen=True, slots=True)
class Spell:
    """Time under contract without a gap longer than the grace period. ``ends_on``: the churn's day; None: not over,
    or not known to be. ``notice_on``: when the notice that ended it was given; None: it just was not renewed.
    """

    starts_on: date
    ends_on: date | None = None
    notice_on: date | None = None


def spells(terms: Iterable[Terms], *, grace_days: int, through: date) -> list[Spell]:
    """A customer's times under contract as they turned out, oldest first, told with everything known by ``through``.

    An end counts once the grace period after it has passed by ``through`` without a successor.
    """
    paid = [t for t in terms if t.arr_minor > 0 and t.starts_on <= through]
    spans = sorted(((t.starts_on, known_end(t, through), t) for t in paid), key=lambda span: span[0])
    found: list[Spell] = []
    for start, end, each in spans:
        if end is not None and end <= start:
            continue
        notice_on = each.cancelled_on if end and each.cancelled_on and each.cancelled_on <= end else None
        last = found[-1] if found else None
        if last is None or (last.ends_on is not None and (start - last.ends_on).days > grace_days):
            found.append(Spell(start, end, notice_on))
        elif last.ends_on is not None and (end is None or end >= last.ends_on):
            found[-1] = Spell(last.starts_on, end, notice_on)
    if found and found[-1].ends_on is not None and (through - found[-1].ends_on).days < grace_days:
        found[-1] = Spell(found[-1].starts_on)
    return found


def _running(running: list[tuple[Terms, date | None]], day: date, since: date) -> Contract:
    """From those in force, each with its known end."""
    renewals = [(t, planned_end(t, day + timedelta(days=1)) if end is None else end) for t, end in running]
    staying = [(t, renewal) for t, renewal in renewals if not notice_known(t, day)]
    deadlines = [
        deadline for t, renewal in staying if (deadline := notice_deadline(t, renewal)) is not None and deadline >= day
    ]
    return Contract(
        state="active" if staying else "notice_given",
        arr_minor=sum(t.arr_minor for t, _ in running),
        seats=_seats([t for t, _ in running]),
        customer_since=since,
        renewal_on=min(renewal for _, renewal in renewals),
        notice_deadline=min(deadlines, default=None),
    )


def _seats(terms: list[Terms]) -> int | None:
    """The sum of the seats that are known; None when none is."""
    known = [t.seats for t in terms if t.seats is not None]
    return sum(known) if known else None
