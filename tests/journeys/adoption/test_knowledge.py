"""What was known of a person on any day is what following them with what was known by then says, late use or not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from journeys.adoption.knowledge import Closed, KnownRules, KnownUse, learn
from journeys.adoption.rules import DEFAULT, parse
from journeys.adoption.states import NOBODY, Change, InForce, State, Use, follow

FIRST, LAST = 700_000, 700_120
BEGINNING = 1
RULES = [KnownRules(BEGINNING, [InForce(BEGINNING, parse(DEFAULT))])]
USES = st.lists(
    st.tuples(st.integers(FIRST, LAST), st.sampled_from([0, 0, 0, 1, 3, 40]), st.integers(1, 6)),
    max_size=25,
    unique_by=lambda each: each[:2],
)
INVITED = st.none() | st.integers(FIRST - 10, LAST)


def told(drawn: Sequence[tuple[int, int, int]]) -> list[KnownUse]:
    uses = [KnownUse(Use(day, events, {}), day + lag) for day, lag, events in drawn]
    return sorted(uses, key=lambda each: (each.use.day, each.known))


def by_day(uses: Sequence[KnownUse]) -> list[Use]:
    totals: dict[int, int] = {}
    for each in uses:
        totals[each.use.day] = totals.get(each.use.day, 0) + each.use.total
    return [Use(day, total, {}) for day, total in sorted(totals.items())]


def stood(uses: Sequence[KnownUse], invited: int | None, day: int, known_by: int) -> State | None:
    """The plainest way: follow them with exactly what was known."""
    known = by_day([each for each in uses if each.known <= known_by])
    versions = RULES[0].versions
    return follow(NOBODY, invited=invited, uses=known, versions=versions, through=day)[1].state


def read(held: Mapping[Change, int], closed: Sequence[Closed], day: int, known_by: int) -> State | None:
    """As the source of measures reads it: the last change that was held true then."""
    rows = [(change.day, known, change.state) for change, known in held.items() if known <= known_by]
    rows += [
        (each.change.day, each.known_on, each.change.state)
        for each in closed
        if each.known_on <= known_by < each.known_until
    ]
    return max((row for row in rows if row[0] <= day), default=(0, 0, None), key=lambda row: row[:2])[2]


@settings(max_examples=150, deadline=None)
@given(
    drawn=USES, invited=INVITED, pause=st.integers(FIRST, LAST), asked=st.lists(st.integers(FIRST, LAST), max_size=6)
)
def test_followed_at_once_or_as_news_came_each_day_says_what_was_known(
    drawn: list[tuple[int, int, int]], invited: int | None, pause: int, asked: list[int]
) -> None:
    uses = told(drawn)
    at_once = learn(NOBODY, held={}, invited=invited, uses=uses, rules=RULES, begins=BEGINNING, through=LAST)
    early = [each for each in uses if each.known <= pause]
    first = learn(NOBODY, held={}, invited=invited, uses=early, rules=RULES, begins=BEGINNING, through=pause)
    begins = max(pause, *first.held.values(), 0)
    then = learn(NOBODY, held=first.held, invited=invited, uses=uses, rules=RULES, begins=begins, through=LAST)
    for known_by in {*asked, pause, LAST, *(each.known for each in uses if each.known <= LAST)}:
        for day in {known_by, known_by - 5, known_by - 30}:
            wanted = stood(uses, invited, day, known_by)
            assert read(at_once.held, at_once.closed, day, known_by) == wanted
            if known_by != pause:  # on the day itself news may still come
                assert read(then.held, [*first.closed, *then.closed], day, known_by) == wanted
    assert at_once.standing.state == then.standing.state == stood(uses, invited, LAST, LAST)
