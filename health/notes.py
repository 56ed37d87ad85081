"""Why a measure has no value, in words a CSM can act on. Pure rules over a spec and the facts of one customer."""

from __future__ import annotations

import math

from health.comparison import FEWEST_WINDOWS
from health.measures import ADDITIVE, Facts, Spec, is_tallied, is_unheard

NO_EVENTS = "no_events"
NO_SEATS = "no_seats"
NO_PEOPLE = "no_people"
TOO_YOUNG = "too_young"
NO_CONTACTS = "no_contacts"
QUIET_BEFORE = "quiet_before"
NO_NUMBER = "no_number"
NO_SUCH_EVENT = "no_such_event"
NEVER_SEEN = "never_seen"
NO_ANSWER = "no_answer"
OLD_ANSWERS = "old_answers"
NOTHING_TOLD = "nothing_told"
NOTHING_LATELY = "nothing_lately"
OUTAGE = "outage"
STALE = frozenset({OLD_ANSWERS, NOTHING_LATELY, OUTAGE})


def reason_missing(spec: Spec, facts: Facts, index: int, value: float) -> str:
    """The reason code for a missing value of customer ``index``; empty when the value is there."""
    if not math.isnan(value):
        return ""
    if spec.source == "contacts":
        return NO_CONTACTS
    if spec.source == "surveys":
        return OLD_ANSWERS if facts.told[spec].last_day[index] >= 0 else NO_ANSWER
    if spec.source != "events":
        return NOTHING_LATELY if facts.told[spec].last_day[index] >= 0 else NOTHING_TOLD
    if facts.streams[None].first_day[index] < 0:
        return NO_EVENTS
    if not facts.knows(spec):
        return NEVER_SEEN
    if is_unheard(spec, facts.lost, facts.as_of):
        return OUTAGE
    if spec.scale in ("per_seat_week", "share_of_seats") and not facts.seats[index] > 0:
        return NO_SEATS
    if not is_tallied(spec) or spec.more.compare:
        return _wider_reason(spec, facts, index)
    if spec.aggregation == "distinct_users":
        return NO_PEOPLE
    stream = facts.streams[spec.events]
    age = facts.as_of - int(facts.observed_since(stream)[index]) + 1
    if spec.aggregation == "trend" and age < spec.window_days + min(7, spec.window_days):
        return TOO_YOUNG
    return QUIET_BEFORE


def stands_since(spec: Spec, facts: Facts) -> int | None:
    """The day (ordinal) as of which an event measure stands while the sender is silent; None where it does not."""
    if spec.source != "events" or facts.lost is None or facts.as_of not in facts.lost.days:
        return None
    return facts.lost.heard_until(facts.as_of)


def days_needed(spec: Spec) -> int:
    """Since how many days usage must have been seen before a measure that compares has a value."""
    earlier = FEWEST_WINDOWS if spec.more.windows else 1
    return spec.window_days * earlier + (min(7, spec.window_days) if spec.aggregation in ADDITIVE else spec.window_days)


def _wider_reason(spec: Spec, facts: Facts, index: int) -> str:
    """As above, of a measure that is read from the events or compared."""
    compares = spec.aggregation == "trend" or spec.more.compare
    if compares:
        age = facts.as_of - int(facts.observed_since(facts.streams[None])[index]) + 1
        if age < days_needed(spec):
            return TOO_YOUNG
    told = facts.told.get(spec)
    if told is None:
        return QUIET_BEFORE
    if told.last_day[index] < 0:
        return QUIET_BEFORE if compares else NO_SUCH_EVENT
    if spec.aggregation in ("sum", "latest"):
        return NO_NUMBER
    if spec.aggregation in ("distinct_users", "habit"):
        return NO_PEOPLE
    return QUIET_BEFORE
