"""Why a measure has no value, in words a CSM can act on. Pure rules over a spec and the facts of one customer."""

from __future__ import annotations

import math

from health.measures import Facts, Spec

NO_EVENTS = "no_events"
NO_SEATS = "no_seats"
NO_PEOPLE = "no_people"
TOO_YOUNG = "too_young"
NO_CONTACTS = "no_contacts"
QUIET_BEFORE = "quiet_before"
NO_ANSWER = "no_answer"
OLD_ANSWERS = "old_answers"
NOTHING_TOLD = "nothing_told"
NOTHING_LATELY = "nothing_lately"
STALE = frozenset({OLD_ANSWERS, NOTHING_LATELY})


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
    if spec.scale in ("per_seat_week", "share_of_seats") and not facts.seats[index] > 0:
        return NO_SEATS
    if spec.aggregation == "distinct_users":
        return NO_PEOPLE
    stream = facts.streams[spec.events]
    age = facts.as_of - int(facts.observed_since(stream)[index]) + 1
    if spec.aggregation == "trend" and age < spec.window_days + min(7, spec.window_days):
        return TOO_YOUNG
    return QUIET_BEFORE
