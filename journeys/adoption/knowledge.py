"""What was known of a person's states, and from when: use that comes late and new rules put right, and erase nothing.

Knowledge grows on days. Between two of them ``states.follow`` says how things stood by what was known; the differences
from one stretch to the next are what was learnt. Pure; days are counted as ``date.toordinal``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from journeys.adoption.states import Change, InForce, Standing, Use, follow


@dataclass(frozen=True, slots=True)
class KnownUse:
    """Use that was known from the day ``known`` on, not before its own day."""

    use: Use
    known: int

    @property
    def is_late(self) -> bool:
        return self.known > self.use.day


@dataclass(frozen=True, slots=True)
class KnownRules:
    """The rules as they were known from the day ``known`` on, oldest first."""

    known: int
    versions: Sequence[InForce]


@dataclass(frozen=True, slots=True)
class Closed:
    """A change that was held true from ``known_on`` until the day before ``known_until``."""

    change: Change
    known_on: int
    known_until: int


@dataclass(frozen=True, slots=True)
class Learnt:
    """``held``: the changes that hold now, each with the day from which it was known; ``closed``: those that did."""

    held: Mapping[Change, int]
    closed: Sequence[Closed]
    standing: Standing


def learn(
    start: Standing,
    *,
    held: Mapping[Change, int],
    invited: int | None,
    uses: Sequence[KnownUse],
    rules: Sequence[KnownRules],
    begins: int,
    through: int,
) -> Learnt:
    """What becomes of a person after ``start``, as it was known on every day from ``begins`` to ``through``.

    ``held``: the changes after ``start`` that were held true before ``begins``. ``uses`` oldest first; ``rules`` in the
    order in which they became known, the first of them known from the beginning.
    """
    days = {each.known for each in uses if each.is_late} | {each.known for each in rules}
    stretches = [begins, *sorted(day for day in days if begins < day <= through)]
    now, closed = dict(held), []
    standing = start
    for day, after in zip(stretches, [*stretches[1:], through + 1], strict=True):
        versions = [each for each in rules if each.known <= day] or rules[:1]
        changes, standing = follow(
            start,
            invited=invited,
            uses=_by_day(uses, day),
            versions=versions[-1].versions,
            through=max(after - 1, start.day),
        )
        told = set(changes)
        for change in [each for each in now if each not in told]:
            closed.append(Closed(change, now.pop(change), day))
        for change in changes:
            now.setdefault(change, max(change.day, day))
    return Learnt(now, closed, standing)


def _by_day(uses: Sequence[KnownUse], day: int) -> list[Use]:
    """What was known on ``day``, and what is known on its own day later, one a day."""
    found: list[Use] = []
    for each in uses:
        if each.is_late and each.known > day:
            continue
        if found and found[-1].day == each.use.day:
            found[-1] = _together(found[-1], each.use)
        else:
            found.append(each.use)
    return found


def _together(one: Use, other: Use) -> Use:
    names = {*one.counts, *other.counts}
    counts = {name: one.counts.get(name, 0) + other.counts.get(name, 0) for name in names}
    return Use(one.day, one.total + other.total, counts)
