"""Measures as data: what a definition may say, and how it turns facts into values. Pure: no Django, no clock.

One definition serves two executors. Both load the same ``Facts`` (from running state for now, from the events
for a past day), and ``evaluate`` is the only place that knows what a measure means.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# Days of running state kept per customer: a window and the one before it must fit.
STATE_DAYS = 64
_NEVER = -1
MOST_EVENTS = 200
LONGEST_EVENT = 200
LONGEST_VOICE = 1_095
VOICE_KINDS = ("nps", "csat", "ces")
_VOICE_DAYS = 365
_PARTS = {
    "events": {"aggregation", "window_days", "scale", "events"},
    "contacts": {"aggregation", "window_days", "scale", "events"},
    "surveys": {"aggregation", "window_days", "kind"},
}
SOURCES = tuple(_PARTS)


class DefinitionError(ValueError):
    """A measure's definition cannot be used. ``field`` names the part that is wrong."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.reason = message


@dataclass(frozen=True, slots=True)
class Spec:
    """A parsed definition.

    ``source``: events, contacts, or one that ``health.facts.sources`` serves (surveys).
    ``aggregation``: of events count, trend, distinct_users, distinct_events, active_days, recency; of contacts sponsor;
    of surveys latest (each person's latest answer), mean (every answer).
    ``scale``: "" or per_seat_week, per_week, share_of_seats. ``events``: names, None for every event. ``kind``: of
    surveys nps, csat or ces.
    """

    aggregation: str
    window_days: int = 28
    scale: str = ""
    events: tuple[str, ...] | None = None
    source: str = "events"
    kind: str = ""


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
    newest fact behind it, however old (−1: there never was one).
    """

    values: Floats
    last_day: Ints


@dataclass(slots=True)
class Facts:
    """Everything the measures and the churn rules read, for n customers as of one day (UTC).

    Dates are proleptic ordinals, −1 where there is none. ``state``: contract state per customer (see
    ``accounts.terms.Contract``). ``applicable``: after the contract. ``told``: by sources other than
    events and contacts.
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

    def observed_since(self, stream: StreamFacts) -> Ints:
        """The earlier of the first event and the first paid day: how long usage could have been seen."""
        return np.where(
            (self.customer_since > 0) & (self.customer_since < stream.first_day), self.customer_since, stream.first_day
        )


_EVENT_AGGREGATIONS = {"count", "trend", "distinct_users", "distinct_events", "active_days", "recency"}
_VOICE_AGGREGATIONS = {"latest", "mean"}
AGGREGATIONS = (*sorted(_EVENT_AGGREGATIONS), "sponsor", *sorted(_VOICE_AGGREGATIONS))
_SCALES = {
    "count": {"", "per_seat_week"},
    "distinct_users": {"", "share_of_seats"},
    "active_days": {"", "per_week"},
}


def parse(definition: Mapping[str, Any]) -> Spec:
    """Check a stored or submitted definition; raises ``DefinitionError`` naming what is wrong."""
    source = definition.get("source")
    if not isinstance(source, str) or source not in _PARTS:
        raise DefinitionError("source", "expected one of " + ", ".join(repr(each) for each in _PARTS) + ".")
    parts = {"source", *_PARTS[source]}
    unknown = sorted(set(definition) - parts)
    if unknown:
        raise DefinitionError(
            unknown[0][:60], f"there is no such part of {source}; there are " + ", ".join(sorted(parts)) + "."
        )
    return {"events": _parse_events, "contacts": _parse_contacts, "surveys": _parse_surveys}[source](definition)


def _parse_contacts(definition: Mapping[str, Any]) -> Spec:
    if definition.get("aggregation") != "sponsor":
        raise DefinitionError("aggregation", "contacts can only be asked for a sponsor ('sponsor').")
    return Spec("sponsor", source="contacts")


def _parse_surveys(definition: Mapping[str, Any]) -> Spec:
    kind, aggregation = definition.get("kind"), definition.get("aggregation")
    if kind not in VOICE_KINDS:
        raise DefinitionError("kind", "expected one of " + ", ".join(VOICE_KINDS) + ".")
    if aggregation not in _VOICE_AGGREGATIONS:
        raise DefinitionError("aggregation", "expected 'latest' (of each person) or 'mean' (of every answer).")
    days = _window(definition, _VOICE_DAYS, LONGEST_VOICE)
    return Spec(aggregation, days, source="surveys", kind=kind)


def _window(definition: Mapping[str, Any], usual: int, longest: int) -> int:
    window = definition.get("window_days", usual)
    if not isinstance(window, int) or isinstance(window, bool) or not 1 <= window <= longest:
        raise DefinitionError("window_days", f"expected whole days from 1 to {longest}.")
    return window


def _parse_events(definition: Mapping[str, Any]) -> Spec:
    aggregation = definition.get("aggregation")
    if not isinstance(aggregation, str) or aggregation not in _EVENT_AGGREGATIONS:
        raise DefinitionError("aggregation", "expected one of " + ", ".join(sorted(_EVENT_AGGREGATIONS)) + ".")
    window = _window(definition, 28, STATE_DAYS // 2 if aggregation == "trend" else STATE_DAYS)
    scale = definition.get("scale", "")
    if not isinstance(scale, str) or scale not in _SCALES.get(aggregation, {""}):
        fitting = ", ".join(repr(each) for each in sorted(_SCALES.get(aggregation, {""})))
        raise DefinitionError("scale", f"with {aggregation!r} expected one of {fitting}.")
    events = definition.get("events")
    if events is not None and not (isinstance(events, list) and all(isinstance(e, str) and e for e in events)):
        raise DefinitionError("events", "expected a list of event names, or nothing for every event.")
    if events and (len(events) > MOST_EVENTS or max(map(len, events)) > LONGEST_EVENT):
        raise DefinitionError("events", f"expected at most {MOST_EVENTS} names of at most {LONGEST_EVENT} characters.")
    return Spec(aggregation, window, scale, tuple(sorted(set(events))) if events else None)


def evaluate(spec: Spec, facts: Facts) -> Floats:
    """The measure's value for each of the n customers; NaN where it cannot be known.

    A customer that never sent an event has no usage values: silence that was never speech says nothing.
    """
    if spec.source == "contacts":
        return np.where(facts.has_contact, facts.has_sponsor.astype(np.float64), np.nan)
    if spec.source != "events":
        return facts.told[spec].values
    stream = facts.streams[spec.events]
    values = _EVALUATORS[spec.aggregation](spec, facts, stream)
    return np.where(facts.streams[None].first_day == _NEVER, np.nan, values)


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

    The window before is shortened for a young customer to the days it has had; under 7 of them there is no
    trend yet. Nothing in either window is no trend either.
    """
    days = spec.window_days
    age = facts.as_of - facts.observed_since(stream) + 1
    before_days = np.clip(age - days, 0, days).astype(np.float64)
    now = window_sum(stream.counts, days).astype(np.float64) / days
    before = window_sum(stream.counts, days, back=days).astype(np.float64)
    ratio = np.minimum(_divide(now, _divide(before, before_days)), 4.0)
    grown_from_nothing = (before == 0) & (now > 0)
    ratio = np.where(grown_from_nothing, 4.0, ratio)
    return np.where(before_days < min(7, days), np.nan, ratio)


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
    a_week: Floats = np.minimum(active * 7.0 / np.maximum(age, min(7, spec.window_days)), 7.0)
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
        if spec.source != "events":
            continue
        users, features = needed.setdefault(spec.events, (set(), set()))
        if spec.aggregation == "distinct_users":
            users.add(spec.window_days)
        elif spec.aggregation == "distinct_events":
            features.add(spec.window_days)
    return needed
