"""Measures as data: what a definition may say, and how it turns facts into values. Pure: no Django, no clock.

One definition serves two executors. Both load the same ``Facts`` (from running state for now, from the events
for a past day), and ``evaluate`` is the only place that knows what a measure means.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from decimal import Decimal
from typing import Any, TypeVar, cast
from uuid import UUID

import numpy as np
import numpy.typing as npt

from health import comparison
from health.lost import Lost

T = TypeVar("T")
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# Days of running state kept per customer: a window and the one before it must fit.
STATE_DAYS = 64
# How a text is written that counts as a number.
WRITTEN_NUMBER = r"\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,2})?\s*"
LONGEST_NUMBER = 40
# Days without any news after which use is no longer what it was.
LONGEST_SILENCE = 28
_NEVER = -1


class DefinitionError(ValueError):
    """A measure's definition cannot be used. ``field`` names the part that is wrong."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.reason = message


@dataclass(frozen=True, slots=True)
class Condition:
    """One test of an event. ``name``: a property (empty: the event's own value). ``test``: equals or one_of (the same
    text, or the same number), greater, less (numbers), exists. ``values``: what it is tested against, as texts.
    """

    name: str
    test: str
    values: tuple[str, ...] = ()

    @property
    def numbers(self) -> tuple[Decimal, ...]:
        """Those of the values that are written as a number."""
        return tuple(Decimal(value.strip()) for value in self.values if is_number(value))


@dataclass(frozen=True, slots=True)
class More:
    """What a definition of event measures may say beside names, window and scale.

    ``where``: conditions that all hold. ``of``: the property that is summed or whose latest value counts (empty: the
    event's own value). ``habit_days``: on how many days of the window somebody must be seen. ``compare``: "" or one of
    ``health.comparison``. ``windows``: how many earlier windows make the own normal.
    """

    where: tuple[Condition, ...] = ()
    of: str = ""
    habit_days: int = 0
    compare: str = ""
    windows: int = 0


@dataclass(frozen=True, slots=True)
class Spec:
    """A parsed definition.

    ``source``: events, contacts, or one that ``health.facts.sources`` serves; ``health.parsing`` says what each knows.
    ``aggregation``: of events count, trend, distinct_users, distinct_events, active_days, recency, sum, latest,
    habit; of contacts sponsor.
    ``scale``: "" or per_seat_week, per_week, share_of_seats, share_of_users. ``events``: names, None for every event.
    ``where``: the other parts of the definition, sorted: (("kind", "nps"),). ``more``: those of events.
    """

    aggregation: str
    window_days: int = 28
    scale: str = ""
    events: tuple[str, ...] | None = None
    source: str = "events"
    where: tuple[tuple[str, str], ...] = ()
    more: More = More()

    def part(self, name: str) -> str:
        """What ``where`` says of ``name``; empty where it says nothing."""
        return dict(self.where).get(name, "")


_TALLIED = {"count", "trend", "distinct_users", "distinct_events", "active_days", "recency"}
_COMPARED_FROM_TALLIES = {"count", "trend", "active_days"}
ADDITIVE = {"count", "trend", "active_days", "sum"}


def is_number(text: str) -> bool:
    """Whether a property with this text counts as a number."""
    return len(text) <= LONGEST_NUMBER and re.fullmatch(WRITTEN_NUMBER, text, re.ASCII) is not None


def windows_of(spec: Spec) -> int:
    """How many windows of its length the measure looks at, the present one included."""
    if spec.aggregation == "trend" or spec.more.compare in (comparison.BEFORE_RATIO, comparison.BEFORE_DIFFERENCE):
        return 2
    return 1 + spec.more.windows


def look_back(spec: Spec) -> int:
    """Days of one window as it is read: the last use is looked for at least as far back as tallies go."""
    return max(spec.window_days, STATE_DAYS) if spec.aggregation == "recency" else spec.window_days


def span(spec: Spec) -> int:
    """How many days of events an event measure needs, the day itself included."""
    return look_back(spec) * windows_of(spec)


def is_tallied(spec: Spec) -> bool:
    """Whether running tallies carry an event measure; the others are read from the events. True of other sources."""
    if spec.source != "events":
        return spec.source == "contacts"
    if spec.aggregation not in _TALLIED or spec.more.where or span(spec) > STATE_DAYS:
        return False
    return not spec.more.compare or spec.aggregation in _COMPARED_FROM_TALLIES


@dataclass(slots=True)
class StreamFacts:
    """What is known of one stream (an event filter) for n customers as of a day.

    ``counts``: n × STATE_DAYS events a day, oldest first, the last column being the day itself.
    ``first_day``: ordinal of the first day with an event of any stream, −1 where there never was one. Exact within
    STATE_DAYS of the day; before that only "earlier".
    ``users``/``features``: per window length in days, distinct contacts and event names inside it.
    """

    counts: Ints
    first_day: Ints
    users: Mapping[int, Ints] = field(default_factory=dict)
    features: Mapping[int, Ints] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Told:
    """What a source says of one measure for n customers: the value (NaN where unknown), and the day (ordinal) of the
    newest fact behind it, however old (−1: there never was one; of events: none in the days looked at).

    Of events ``values`` is n × windows, the present window first: scaling and comparing come after.
    """

    values: Floats
    last_day: Ints


@dataclass(frozen=True, slots=True)
class Overrides:
    """Who overrides the band of each customer, and with what: codes as ``health.adjusting.BANDS`` numbers them, 0 and
    None where nobody does.
    """

    codes: npt.NDArray[np.int8]
    ids: list[UUID | None]


@dataclass(slots=True)
class Facts:
    """Everything the measures and the churn rules read, for n customers as of one day (UTC).

    Dates are proleptic ordinals, −1 where there is none. ``state``: contract state per customer (see
    ``accounts.terms.Contract``). ``applicable``: after the contract. ``told``: by sources other than
    events and contacts. ``overrides``: None where nobody has one. ``seen``: names of events that ever happened at any
    customer, of those looked for. ``lost``: days that tallies leave out (``health.outages``); None: there are none.
    """

    as_of: int
    streams: Mapping[tuple[str, ...] | None, StreamFacts]
    seats: Floats
    has_contact: npt.NDArray[np.bool_]
    has_sponsor: npt.NDArray[np.bool_]
    state: npt.NDArray[np.object_]
    customer_since: Ints
    renewal_on: Ints
    applicable: npt.NDArray[np.bool_]
    told: Mapping[Spec, Told] = field(default_factory=dict)
    overrides: Overrides | None = None
    lost: Lost | None = None
    seen: frozenset[str] = frozenset()

    def knows(self, spec: Spec) -> bool:
        """Whether an event that ``spec`` looks for ever happened at any customer; a name nobody sends says nothing."""
        return not spec.events or not self.seen.isdisjoint(spec.events)

    def observed_since(self, stream: StreamFacts) -> Ints:
        """The earlier of the first event and the first paid day, later by the days that were lost since: from then on
        usage could have been seen on every day.
        """
        since: Ints = np.where(
            (self.customer_since > 0) & (self.customer_since < stream.first_day), self.customer_since, stream.first_day
        )
        return since if self.lost is None else self.lost.moved_up(since)


def take(loaded: T, rows: Ints) -> T:
    """The same of only those customers at ``rows``: of every array, list and part that has a place for each."""
    return cast(T, _taken(loaded, rows, rows.tolist()))


def _taken(part: Any, rows: Ints, places: list[int]) -> Any:
    if isinstance(part, np.ndarray):
        return part[rows]
    if isinstance(part, list):
        return [part[place] for place in places]
    if isinstance(part, Mapping):
        return {name: _taken(each, rows, places) for name, each in part.items()}
    if is_dataclass(part) and not isinstance(part, type):
        return replace(part, **{each.name: _taken(getattr(part, each.name), rows, places) for each in fields(part)})
    return part


def evaluate(spec: Spec, facts: Facts) -> Floats:
    """The measure's value for each of the n customers; NaN where it cannot be known.

    Silence that was never speech says nothing: of a customer that never sent an event, or where nobody sent this one.
    """
    if spec.source == "contacts":
        return np.where(facts.has_contact, facts.has_sponsor.astype(np.float64), np.nan)
    if spec.source != "events":
        return facts.told[spec].values
    if not facts.knows(spec) or is_unheard(spec, facts.lost, facts.as_of):
        return np.full(len(facts.seats), np.nan)
    values = _plain(spec, facts) if is_tallied(spec) and not spec.more.compare else _wider(spec, facts)
    return np.where(facts.streams[None].first_day == _NEVER, np.nan, values)


def is_unheard(spec: Spec, lost: Lost | None, as_of: int) -> bool:
    """Whether an outage of the sender leaves too little of what an event measure looks at to say anything.

    Its days are passed over and the look back reaches as much further: over four weeks, or as many days as it looks
    at, and as far as tallies go. A trend does with less of the window before, as for a young customer.
    """
    if spec.source != "events" or lost is None:
        return False
    wanted = spec.window_days if spec.aggregation == "recency" else span(spec)
    if lost.reach(as_of, wanted) - wanted > max(wanted, LONGEST_SILENCE):
        return True
    if not is_tallied(spec) or spec.aggregation == "recency":
        return False
    is_trend = spec.aggregation == "trend" and not spec.more.compare
    return lost.heard_within(as_of, STATE_DAYS) < (_shortest_trend(spec) if is_trend else wanted)


def _shortest_trend(spec: Spec) -> int:
    """Days of usage that a trend needs at least."""
    return spec.window_days + min(7, spec.window_days)


def _plain(spec: Spec, facts: Facts) -> Floats:
    return _EVALUATORS[spec.aggregation](spec, facts, facts.streams[spec.events])


def _wider(spec: Spec, facts: Facts) -> Floats:
    """Figures per window, whoever read them, scaled and compared."""
    totals = _tallied_windows(spec, facts.streams[spec.events]) if is_tallied(spec) else facts.told[spec].values
    age = (facts.as_of - facts.observed_since(facts.streams[None]) + 1).astype(np.float64)
    how = comparison.BEFORE_RATIO if spec.aggregation == "trend" else spec.more.compare
    if how:
        full = comparison.comparable(totals, age, spec.window_days, additive=spec.aggregation in ADDITIVE)
        ages = np.full(len(age), spec.window_days)
        scaled = np.column_stack([_scaled(spec, column, ages, facts.seats) for column in full.T])
        return comparison.compare(how, scaled)
    return _scaled(spec, totals[:, 0], np.clip(age, 1, spec.window_days), facts.seats)


def _tallied_windows(spec: Spec, stream: StreamFacts) -> Floats:
    counts = (stream.counts > 0).astype(np.int64) if spec.aggregation == "active_days" else stream.counts
    days = spec.window_days
    return np.column_stack([window_sum(counts, days, back=n * days) for n in range(windows_of(spec))]).astype(
        np.float64
    )


def _scaled(spec: Spec, totals: Floats, days_had: Floats, seats: Floats) -> Floats:
    """The total of a window by the definition's scale; ``days_had``: how many days of it could have been seen."""
    if spec.scale == "per_seat_week":
        return _divide(totals * 7.0, days_had * seats)
    if spec.scale == "per_week" and spec.aggregation == "active_days":
        return _active_days_a_week(spec, totals, days_had)
    if spec.scale == "per_week":
        return np.asarray(totals * 7.0 / days_had)
    return _divide(totals, seats) if spec.scale == "share_of_seats" else totals


def window_sum(counts: npt.NDArray[np.signedinteger[Any]], days: int, *, back: int = 0) -> Ints:
    """Events in the ``days`` days that end ``back`` days before the last column."""
    end = counts.shape[1] - back
    total: Ints = counts[:, max(0, end - days) : end].sum(axis=1)
    return total


def _divide(numerator: Floats, denominator: Floats) -> Floats:
    quotient: Floats = np.divide(numerator, denominator, out=np.full(len(numerator), np.nan), where=denominator > 0)
    return quotient


def _count(spec: Spec, facts: Facts, stream: StreamFacts) -> Floats:
    total = window_sum(stream.counts, spec.window_days).astype(np.float64)
    if spec.scale != "per_seat_week":
        return total
    # Young customers are measured over the days they have had.
    age = np.clip(facts.as_of - facts.observed_since(stream) + 1, 1, spec.window_days)
    return _divide(total * 7.0, age * facts.seats)


def _trend(spec: Spec, facts: Facts, stream: StreamFacts) -> Floats:
    """Events a day in the window over events a day in the window before, as a ratio capped at 4.

    The window before is shortened for a young customer to the days it has had, and by outages to the days tallies
    still hold; under 7 of them there is no trend yet. Nothing in either window is no trend either.
    """
    days = spec.window_days
    age = facts.as_of - facts.observed_since(stream) + 1
    before_days = np.clip(age - days, 0, min(days, _tallied_days(facts) - days)).astype(np.float64)
    now = window_sum(stream.counts, days).astype(np.float64) / days
    before = window_sum(stream.counts, days, back=days).astype(np.float64)
    ratio = np.minimum(_divide(now, _divide(before, before_days)), 4.0)
    grown_from_nothing = (before == 0) & (now > 0)
    ratio = np.where(grown_from_nothing, 4.0, ratio)
    return np.where(before_days < _shortest_trend(spec) - days, np.nan, ratio)


def _tallied_days(facts: Facts) -> int:
    return STATE_DAYS if facts.lost is None else facts.lost.heard_within(facts.as_of, STATE_DAYS)


def _distinct_users(spec: Spec, facts: Facts, stream: StreamFacts) -> Floats:
    """People seen in the window. Somebody sent the events: when none of them says who, the number is unknown."""
    users = stream.users[spec.window_days].astype(np.float64)
    users = np.where((users == 0) & (window_sum(stream.counts, spec.window_days) > 0), np.nan, users)
    return _divide(users, facts.seats) if spec.scale == "share_of_seats" else users


def _distinct_events(spec: Spec, facts: Facts, stream: StreamFacts) -> Floats:
    return stream.features[spec.window_days].astype(np.float64)


def _active_days(spec: Spec, facts: Facts, stream: StreamFacts) -> Floats:
    active: Floats = (stream.counts[:, STATE_DAYS - spec.window_days :] > 0).sum(axis=1).astype(np.float64)
    if spec.scale != "per_week":
        return active
    age = np.clip(facts.as_of - facts.observed_since(stream) + 1, 1, spec.window_days)
    return _active_days_a_week(spec, active, age)


def _active_days_a_week(spec: Spec, active: Floats, days_had: Floats | Ints) -> Floats:
    a_week: Floats = np.minimum(active * 7.0 / np.maximum(days_had, min(7, spec.window_days)), 7.0)
    return a_week


def _recency(spec: Spec, facts: Facts, stream: StreamFacts) -> Floats:
    """Days since the last event: 0 is today; STATE_DAYS stands for "that long or longer"."""
    used = stream.counts > 0
    since = np.argmax(used[:, ::-1], axis=1).astype(np.float64)
    return np.where(used.any(axis=1), since, float(STATE_DAYS))


_EVALUATORS: dict[str, Callable[[Spec, Facts, StreamFacts], Floats]] = {
    "count": _count,
    "trend": _trend,
    "distinct_users": _distinct_users,
    "distinct_events": _distinct_events,
    "active_days": _active_days,
    "recency": _recency,
}


def windows_needed(specs: list[Spec]) -> dict[tuple[str, ...] | None, tuple[set[int], set[int]]]:
    """Per stream: the window lengths for which distinct users, and distinct event names, must be loaded."""
    needed: dict[tuple[str, ...] | None, tuple[set[int], set[int]]] = {None: (set(), set())}
    for spec in specs:
        if spec.source != "events" or not is_tallied(spec):
            continue
        users, features = needed.setdefault(spec.events, (set(), set()))
        if spec.aggregation == "distinct_users":
            users.add(spec.window_days)
        elif spec.aggregation == "distinct_events":
            features.add(spec.window_days)
    return needed
