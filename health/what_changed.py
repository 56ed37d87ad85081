"""What changed between two days, in words a CSM can read out to a customer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from accounts.models import Customer
from csplatform.core import formats
from health import explaining, ledger, notes, selectors
from health.adjusting import Exceptional
from health.ledger import CONFIG, DATA, MISSING, OVERRIDE, WINDOW
from health.measures import STATE_DAYS, Spec, is_tallied
from health.scoring import NOT_APPLICABLE, Item
from health.services.compare import Comparison, End, compare
from health.units import plain_value, value_text

LOOK_BACK = timedelta(days=28)


@dataclass(frozen=True, slots=True)
class Entry:
    """One item of the ledger: ``delta`` in hundredths, ``words`` why."""

    cause: str
    measure: str
    label: str
    delta: int
    words: str


@dataclass(frozen=True, slots=True)
class Moved:
    """What became of one measure (or exception, or override): its items and their sum, and the sentence."""

    measure: str
    label: str
    before: str
    after: str
    delta: int
    words: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Changes:
    """``measured``: hundredths before abstention, 0 where nothing is measured. ``moved``: losses, then gains, the
    largest first, then what cancelled out.
    """

    found: Comparison
    measured: tuple[int, int]
    moved: tuple[Moved, ...]

    @property
    def difference(self) -> int:
        return self.measured[1] - self.measured[0]

    @property
    def entries(self) -> list[Entry]:
        return [entry for moved in self.moved for entry in moved.entries]

    @property
    def both_known(self) -> bool:
        """Whether both days have a score, so that the difference is one of scores."""
        return all(end.scores.total[0] >= 0 for end in (self.found.first, self.found.last))

    def by_cause(self) -> list[tuple[str, int, list[Entry]]]:
        """Causes in their order, each with its sum and its items; causes without items are left out."""
        grouped = [(cause, [e for e in self.entries if e.cause == cause]) for cause in ledger.CAUSES]
        return [(cause, sum(e.delta for e in mine), mine) for cause, mine in grouped if mine]


def between(customer: Customer, first: date, last: date) -> Changes:
    """What changed from the end of ``first`` to the end of ``last`` (today: until now)."""
    found = compare(customer.pk, first, last)
    moved = []
    measures = {item.key for end in (found.first, found.last) for item in end.card.items}
    for column, key in enumerate(found.columns):
        items = [(cause, delta) for cause, at, delta in ledger.items_of(found.split) if at == column]
        if items:
            moved.append(_moved(found, key, items) if key in measures else _adjusted(found, key, items))
    moved.sort(key=lambda each: (not each.delta, each.delta > 0, -abs(each.delta), each.label))
    return Changes(found, (found.total_first, found.total_last), tuple(moved))


def as_contract(changes: Changes) -> dict[str, Any]:
    """The interface's shape: decimals with two places."""
    return {
        "from": _end(changes.found.first, changes.measured[0]),
        "to": _end(changes.found.last, changes.measured[1]),
        "difference": changes.difference / 100,
        "items": [
            {
                "cause": entry.cause,
                "measure": entry.measure,
                "label": entry.label,
                "delta": entry.delta / 100,
                "words": entry.words,
            }
            for entry in changes.entries
        ],
        "measures": [
            {"measure": each.measure, "label": each.label, "delta": each.delta / 100, "words": each.words}
            for each in changes.moved
        ],
    }


def cause_word(cause: str) -> str:
    """The cause as a heading."""
    return {
        DATA: _("What happened"),
        WINDOW: _("Time passed"),
        CONFIG: _("Scorecard changed"),
        OVERRIDE: _("Override"),
        MISSING: _("Data missing or back"),
    }[cause]


def _end(end: End, measured: int) -> dict[str, Any]:
    scored = int(end.scores.total[0])
    return {
        "as_of": end.as_of.isoformat(),
        "score": None if scored < 0 else scored / 100,
        "measured": measured / 100,
        "band": str(end.scores.band[0]),
        "coverage": int(end.scores.coverage[0]) / 100,
        "scorecard": {"id": str(end.version.scorecard_id), "version": end.version.version},
    }


def _moved(found: Comparison, key: str, items: Sequence[tuple[str, int]]) -> Moved:
    old, new = _item(found.first, key), _item(found.last, key)
    item = new or old
    assert item is not None
    label = item.label.get(get_language() or "en", item.label["en"])
    entries = tuple(Entry(cause, key, label, delta, _why(found, cause, old, new)) for cause, delta in items)
    before, after = _value(found.first, old), _value(found.last, new)
    delta = sum(entry.delta for entry in entries)
    return Moved(
        key,
        label,
        value_text(before, item.unit) if before is not None else "",
        value_text(after, item.unit) if after is not None else "",
        delta,
        _sentence(label, item.unit, before, after, delta, entries),
        entries,
    )


def _adjusted(found: Comparison, key: str, items: Sequence[tuple[str, int]]) -> Moved:
    """What became of an exception, or of a band set by hand."""
    old, new = (_exception(end, key) for end in (found.first, found.last))
    either = new or old
    if either is None:
        label, why = _overridden(found)
    else:
        label = either.label.get(get_language() or "en", either.label["en"])
        why = _excepted(found, old, new)
    entries = tuple(Entry(cause, key, label, delta, why) for cause, delta in items)
    delta = sum(entry.delta for entry in entries)
    said = {"what": label, "n": _signed(delta), "why": why}
    return Moved(key, label, "", "", delta, _("%(what)s: %(n)s points, because %(why)s.") % said, entries)


def _exception(end: End, key: str) -> Exceptional | None:
    return next((each for each in end.card.exceptions if each.name == key), None)


def _excepted(found: Comparison, old: Exceptional | None, new: Exceptional | None) -> str:
    acted, acts = _acts(found.first, old), _acts(found.last, new)
    if acts and not acted:
        return _("the exception holds, which it did not on %(day)s") % {"day": _day(found.first.as_of, found)}
    if acted and not acts:
        return _("the exception does not hold any more")
    return _("the exception holds back more or less as the measures move")


def _acts(end: End, exception: Exceptional | None) -> bool:
    if exception is None:
        return False
    return bool(end.scores.adjustments[0, end.card.exceptions.index(exception)])


def _overridden(found: Comparison) -> tuple[str, str]:
    """The label of the override, and what became of it."""
    before, now = (end.facts.overrides.ids[0] if end.facts.overrides else None for end in (found.first, found.last))
    label, note = explaining.of_override(now or before)
    if now is None:
        return label, _("it ended")
    if before == now:
        return label, _("it moves the score more or less as the measures move")
    return label, note.rstrip(".")


def _item(end: End, key: str) -> Item | None:
    return next((item for item in end.card.items if item.key == key), None)


def _value(end: End, item: Item | None) -> float | None:
    """What was measured; None where it has no value, or does not count because there is no contract."""
    if item is None or str(end.scores.band[0]) == NOT_APPLICABLE:
        return None
    value = float(end.values[0, end.card.items.index(item)])
    return None if math.isnan(value) else value


def _sentence(
    label: str, unit: str, before: float | None, after: float | None, delta: int, entries: Sequence[Entry]
) -> str:
    """What became of the value and the points; where there are several reasons, what each of them did."""
    said = {"what": label, "n": _signed(delta)}
    if before is not None and after is not None:
        said |= {"before": plain_value(before, unit), "after": value_text(after, unit)}
        if said["after"] == value_text(before, unit):
            text = _("%(what)s stayed at %(after)s: %(n)s points")
        elif unit == "yes or no":
            text = _("%(what)s: it was %(before)s, now it is %(after)s: %(n)s points")
        elif after < before:
            text = _("%(what)s fell from %(before)s to %(after)s: %(n)s points")
        else:
            text = _("%(what)s rose from %(before)s to %(after)s: %(n)s points")
    elif after is not None:
        said["after"] = value_text(after, unit)
        text = _("%(what)s came to be known, at %(after)s: %(n)s points")
    elif before is not None:
        said["before"] = value_text(before, unit)
        text = _("%(what)s is not known any more, it was %(before)s: %(n)s points")
    else:
        text = _("%(what)s: %(n)s points")
    if len(entries) == 1:
        return _("%(said)s, because %(why)s.") % {"said": text % said, "why": entries[0].words}
    reasons = "; ".join(
        _("%(n)s because %(why)s") % {"n": _signed(entry.delta), "why": entry.words}
        for entry in sorted(entries, key=lambda entry: -abs(entry.delta))
    )
    return _("%(said)s, %(reasons)s.") % {"said": text % said, "reasons": reasons}


def _why(found: Comparison, cause: str, old: Item | None, new: Item | None) -> str:
    item = new or old
    assert item is not None
    if cause == CONFIG:
        return _reconfigured(found, old, new)
    if cause == MISSING:
        return _missing(found, old, new)
    if cause == WINDOW:
        return _rolled_off(found, (old or item).spec)
    return _happened(found, item.spec)


def _reconfigured(found: Comparison, old: Item | None, new: Item | None) -> str:
    named = {"new": _called(found.last, found), "old": _called(found.first, found)}
    if old is None:
        return _("scorecard %(new)s took the measure up") % named
    if new is None:
        return _("scorecard %(new)s left the measure out") % named
    if old.spec != new.spec:
        return _("scorecard %(new)s measures it differently than %(old)s") % named
    if (old.curve, old.scoring) != (new.curve, new.scoring):
        return _("scorecard %(new)s gives other points for the same value than %(old)s") % named
    shares = {
        "before": formats.percent(_share_of_weight(found.first, old), get_language()),
        "after": formats.percent(_share_of_weight(found.last, new), get_language()),
    }
    return _("scorecard %(new)s weighs it at %(after)s instead of %(before)s") % {**named, **shares}


def _called(end: End, found: Comparison) -> str:
    """The version, with the scorecard's name where the two days have different ones."""
    one = found.first.version.scorecard_id == found.last.version.scorecard_id
    return f"v{end.version.version}" if one else f"“{end.version.scorecard.name}” v{end.version.version}"


def _share_of_weight(end: End, item: Item) -> float:
    return item.weight / sum(each.weight for each in end.card.items)


def _missing(found: Comparison, old: Item | None, new: Item | None) -> str:
    if _value(found.last, new) is not None:
        reason = _reason(found.first, old) if old else ""
        if not reason:
            return _("there was no score before the contract")
        return _("it has a value, which it had not: %(note)s") % {"note": _clause(reason)}
    reason = _reason(found.last, new) if new else ""
    if not reason:
        return _("there is no contract any more to score")
    return _("it has no value: %(note)s") % {"note": _clause(reason)}


def _reason(end: End, item: Item) -> str:
    value = float(end.values[0, end.card.items.index(item)])
    return selectors.explain_missing(notes.reason_missing(item.spec, end.facts, 0, value), item.spec)


def _clause(sentence: str) -> str:
    """A note's first sentence as part of another."""
    return sentence.split(". ")[0].rstrip(".")


def _rolled_off(found: Comparison, spec: Spec) -> str:
    first, last = found.first.as_of, found.last.as_of
    if spec.source != "events" or spec.aggregation == "recency" or not is_tallied(spec):
        days = (last - first).days
        return ngettext("%(n)d day passed", "%(n)d days passed", days) % {"n": days}
    if spec.aggregation == "trend":
        return _("both spans of %(days)d days it compares moved on") % {"days": spec.window_days}
    if spec.more.compare:
        return _("the spans of %(days)d days it compares moved on") % {"days": spec.window_days}
    gone = min(spec.window_days, _days_heard(found))
    counts = found.first.facts.streams[spec.events].counts[0]
    begin = STATE_DAYS - spec.window_days
    events = int(counts[begin : begin + gone].sum())
    said = {
        "n": formats.number(events, get_language()),
        "from": _day(_heard_back(found.first, spec.window_days), found),
        "to": _day(_heard_back(found.first, spec.window_days - gone + 1), found),
        "days": spec.window_days,
    }
    return (
        ngettext(
            "%(n)s event from %(from)s to %(to)s left the window of %(days)d days",
            "%(n)s events from %(from)s to %(to)s left the window of %(days)d days",
            events,
        )
        % said
    )


def _days_heard(found: Comparison) -> int:
    """How many of the days between the two were not lost in an outage of the sender."""
    first, last = found.first.facts.as_of, found.last.facts
    return last.as_of - first - sum(1 for day in (last.lost.days if last.lost else ()) if day > first)


def _heard_back(end: End, days: int) -> date:
    """The first of the ``days`` days up to an end that were not lost."""
    lost = end.facts.lost
    return end.as_of - timedelta(days=(days if lost is None else lost.reach(end.facts.as_of, days)) - 1)


def _held_lost(end: End, until: int) -> list[int]:
    """The days up to ``until`` that counted as lost at an end, of those that tallies look at."""
    lost = end.facts.lost.days if end.facts.lost else ()
    return [day for day in lost if until - STATE_DAYS < day <= until]


def _happened(found: Comparison, spec: Spec) -> str:
    first, last = found.first, found.last
    if spec.source == "events" and _held_lost(first, first.facts.as_of) != _held_lost(last, first.facts.as_of):
        return _("it is known better by now on which days the sender was silent")
    since = {"day": _day(first.as_of + timedelta(days=1), found)}
    if spec.source == "contacts":
        return _("the people recorded there changed since %(day)s") % since
    if spec.source != "events" or not is_tallied(spec):
        return _("new facts came in since %(day)s") % since
    seats = float(first.facts.seats[0]), float(last.facts.seats[0])
    if spec.scale in ("per_seat_week", "share_of_seats") and not np.array_equal(seats[:1], seats[1:], equal_nan=True):
        numbers = {
            "before": "–" if math.isnan(seats[0]) else formats.number(seats[0], get_language(), digits=0),
            "after": "–" if math.isnan(seats[1]) else formats.number(seats[1], get_language(), digits=0),
        }
        return _("it was used since %(day)s, and seats went from %(before)s to %(after)s") % {**since, **numbers}
    days = min(_days_heard(found), STATE_DAYS)
    events = int(last.facts.streams[spec.events].counts[0][STATE_DAYS - days :].sum()) if days else 0
    said = {**since, "n": formats.number(events, get_language())}
    if days < _days_heard(found):
        return _("it was used since %(day)s") % since
    return ngettext("there was %(n)s event since %(day)s", "there were %(n)s events since %(day)s", events) % said


def _signed(hundredths: int) -> str:
    return formats.signed(hundredths / 100, get_language(), digits=2)


def _day(value: date, found: Comparison) -> str:
    """The year stands beside it only where the two days do not share theirs."""
    one = found.first.as_of.year == found.last.as_of.year == value.year
    return formats.day(value, get_language(), "short" if one else "medium")
