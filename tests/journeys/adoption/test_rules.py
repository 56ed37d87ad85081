"""Adoption rules: what they may say, and what makes somebody activated, habitual or lapsed on any day."""

from __future__ import annotations

from collections import Counter
from copy import deepcopy
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journeys.adoption import curve, people
from journeys.adoption.rules import ANY, DEFAULT, EventCount, Rules, RulesError, as_json, parse
from journeys.adoption.states import NOBODY, Change, InForce, Standing, State, Use, follow

FIRST = 730_000
names = st.sampled_from(["report", "share", "export"])
rule_sets = st.builds(
    Rules,
    activation=st.dictionaries(st.one_of(st.just(ANY), names), st.integers(1, 6), min_size=1, max_size=3).map(
        lambda told: tuple(EventCount(name, count) for name, count in told.items())
    ),
    needs_all=st.booleans(),
    within_days=st.integers(1, 10),
    habit_days=st.integers(1, 4),
    window_days=st.integers(4, 12),
    habit_events=st.frozensets(names, max_size=2),
    lapse_days=st.integers(1, 15),
)
days = st.dictionaries(
    st.integers(FIRST, FIRST + 60), st.dictionaries(names, st.integers(1, 4), min_size=1, max_size=2), max_size=20
)
versions_of = st.lists(st.tuples(st.integers(FIRST, FIRST + 60), rule_sets), min_size=1, max_size=3).map(
    lambda told: [InForce(day, rules) for day, rules in sorted(dict(told).items())]
)
invitations = st.one_of(st.none(), st.integers(FIRST, FIRST + 60))


def uses_of(told: dict[int, dict[str, int]]) -> list[Use]:
    return [Use(day, sum(counts.values()), counts) for day, counts in sorted(told.items())]


def in_force(versions: list[InForce], day: int) -> Rules:
    return [version for version in versions if version.day <= day or version is versions[0]][-1].rules


def said_plainly(
    day: int, invited: int | None, told: dict[int, dict[str, int]], versions: list[InForce]
) -> State | None:
    """The state as the documentation words it, day by day, without any short cut."""

    def counted(until: int, span: int) -> Counter[str]:
        found: Counter[str] = Counter()
        for at in range(until - span + 1, until + 1):
            found.update(told.get(at, {}))
        found[ANY] = sum(found.values())
        return found

    def has_habit(at: int) -> bool:
        rules = in_force(versions, at)
        active = [
            each
            for each in range(at - rules.window_days + 1, at + 1)
            if told.get(each) and (not rules.habit_events or rules.habit_events & set(told[each]))
        ]
        return len(active) >= rules.habit_days

    def is_reached(at: int) -> bool:
        rules = in_force(versions, at)
        found = counted(at, rules.within_days)
        enough = [found[each.name] >= each.count for each in rules.activation]
        return (all if rules.needs_all else any)(enough) or has_habit(at)

    used = [at for at in told if at <= day]
    if not used:
        return State.INVITED if invited is not None and invited <= day else None
    if not any(is_reached(at) for at in range(min(used), day + 1)):
        return State.FIRST_USE
    if day - max(used) >= in_force(versions, day).lapse_days:
        return State.LAPSED
    return State.HABITUAL if has_habit(day) else State.ACTIVATED


@given(invitations, days, versions_of, st.integers(FIRST, FIRST + 90))
def test_the_state_of_any_day_is_what_the_words_say(
    invited: int | None, told: dict[int, dict[str, int]], versions: list[InForce], day: int
) -> None:
    uses = [use for use in uses_of(told) if use.day <= day]
    _changes, standing = follow(NOBODY, invited=invited, uses=uses, versions=versions, through=day)
    assert standing.state == said_plainly(day, invited, told, versions)


@given(invitations, days, versions_of, st.integers(FIRST, FIRST + 80))
def test_following_in_two_parts_tells_the_same_story_as_in_one(
    invited: int | None, told: dict[int, dict[str, int]], versions: list[InForce], stop: int
) -> None:
    uses, end = uses_of(told), FIRST + 90
    whole, last = follow(NOBODY, invited=invited, uses=uses, versions=versions, through=end)
    early = [use for use in uses if use.day <= stop]
    first, halfway = follow(NOBODY, invited=invited, uses=early, versions=versions, through=stop)
    look_back = max(version.rules.look_back for version in versions)
    recent = [use for use in uses if use.day > stop - look_back]
    rest, again = follow(halfway, invited=invited, uses=recent, versions=versions, through=end)
    assert first + rest == whole
    assert again == last


@given(invitations, days, versions_of)
def test_changes_lead_from_one_to_the_next_and_the_due_day_is_the_next_without_use(
    invited: int | None, told: dict[int, dict[str, int]], versions: list[InForce]
) -> None:
    whole, last = follow(NOBODY, invited=invited, uses=uses_of(told), versions=versions, through=FIRST + 60)
    before: State | None = None
    for change in whole:
        assert change.before == before
        assert change.state != before
        before = change.state
    assert [change.day for change in whole] == sorted({change.day for change in whole})
    later, _ = follow(last, invited=invited, uses=uses_of(told), versions=versions, through=FIRST + 200)
    assert last.due == (later[0].day if later else None)


def test_the_way_of_somebody_who_came_stayed_and_fell_silent() -> None:
    rules = parse(
        {
            "activation": {"match": "all", "within_days": 7, "events": [{"name": "report", "count": 2}]},
            "habit": {"days": 3, "window_days": 7, "events": []},
            "lapse_days": 10,
        }
    )
    uses = [
        Use(FIRST + 5, 1, {}),
        Use(FIRST + 6, 2, {"report": 2}),
        Use(FIRST + 8, 1, {}),
        Use(FIRST + 30, 1, {}),
    ]
    changes, standing = follow(NOBODY, invited=FIRST, uses=uses, versions=[InForce(0, rules)], through=FIRST + 60)
    assert changes == [
        Change(FIRST, State.INVITED, None),
        Change(FIRST + 5, State.FIRST_USE, State.INVITED),
        Change(FIRST + 6, State.ACTIVATED, State.FIRST_USE),
        Change(FIRST + 8, State.HABITUAL, State.ACTIVATED),
        Change(FIRST + 12, State.ACTIVATED, State.HABITUAL),
        Change(FIRST + 18, State.LAPSED, State.ACTIVATED),
        Change(FIRST + 30, State.ACTIVATED, State.LAPSED),
        Change(FIRST + 40, State.LAPSED, State.ACTIVATED),
    ]
    assert standing == Standing(FIRST + 60, State.LAPSED, FIRST + 40, FIRST + 5, FIRST + 6, FIRST + 30, None)


def test_rules_read_back_as_they_were_written_and_the_usual_ones_are_good() -> None:
    usual = parse(DEFAULT)
    assert as_json(usual) == DEFAULT
    assert parse(as_json(replace(usual, needs_all=False, habit_events=frozenset({"report"})))).names == {"report"}


@pytest.mark.parametrize(
    ("path", "value", "fault"),
    [
        ("lapse_days", 0, ("lapse_days", "no_number")),
        ("lapse_days", True, ("lapse_days", "no_number")),
        ("lapse_days", "28", ("lapse_days", "no_number")),
        ("habit.days", 29, ("habit.days", "more_days_than_window")),
        ("habit.window_days", 400, ("habit.window_days", "no_number")),
        ("habit.events", ["", "report"], ("habit.events.0", "no_name")),
        ("habit.events", "report", ("habit.events", "no_names")),
        ("activation.events", [], ("activation.events", "no_events")),
        ("activation.events", [{"name": "a", "count": 0}], ("activation.events.0.count", "no_number")),
        ("activation.events", [{"name": "a", "count": 1}] * 2, ("activation.events.1.name", "twice")),
        ("activation.events", ["a"], ("activation.events.0", "no_object")),
        ("activation.match", "some", ("activation.match", "no_match")),
        ("activation", None, ("activation", "no_object")),
        ("colour", "red", ("colour", "unknown_field")),
    ],
)
def test_rules_that_cannot_be_are_refused_by_name(path: str, value: Any, fault: tuple[str, str]) -> None:
    data: dict[str, Any] = deepcopy(dict(DEFAULT))
    *way, last = path.split(".")
    place = data
    for step in way:
        place = place[step]
    place[last] = value
    with pytest.raises(RulesError) as refused:
        parse(data)
    assert fault in {(each.path, each.code) for each in refused.value.faults}


@given(st.recursive(st.one_of(st.none(), st.booleans(), st.integers(), st.text()), lambda inner: st.one_of(
    st.lists(inner), st.dictionaries(st.sampled_from(["activation", "habit", "events", "days", "name", "count"]), inner)
)))  # fmt: skip
def test_no_document_at_all_makes_the_reader_stumble(data: Any) -> None:
    with pytest.raises(RulesError):
        parse(data)


def test_a_plan_goes_straight_between_its_points_and_stays_level_after_the_last() -> None:
    begin = date(2026, 1, 1)
    targets = [curve.Target(date(2026, 1, 11), 50), curve.Target(date(2026, 1, 31), 70)]
    told = [curve.planned(begin, 10, targets, day) for day in (
        date(2025, 12, 31), begin, date(2026, 1, 6), date(2026, 1, 11), date(2026, 1, 21), date(2026, 3, 1)
    )]  # fmt: skip
    assert told == [None, 10, 30, 50, 60, 70]
    assert curve.faults(begin, 10, targets) == []
    assert curve.faults(begin, 101, targets[::-1]) == [
        ("baseline_percent", "no_percent"),
        ("targets", "out_of_order"),
    ]
    assert curve.faults(begin, 10, []) == [("targets", "number_of_targets")]


@given(st.lists(st.tuples(st.integers(0, 300), st.integers(1, 9)), max_size=30), st.integers(0, 400))
def test_the_curve_ends_with_what_moves_add_up_to(told: list[tuple[int, int]], length: int) -> None:
    first = date(2026, 1, 1)
    moves = [curve.Moved(first + timedelta(days=day), "habitual", None, people) for day, people in told]
    last = first + timedelta(days=length)
    rows = curve.over_time(moves, first=first, last=last)
    assert rows[0].on == first
    assert rows[-1].on == last
    assert len(rows) <= 161
    assert rows[-1].people == sum(people for day, people in told if day <= length)


def test_a_pseudonym_stays_and_leads_nowhere_back() -> None:
    one, other = UUID(int=1), UUID(int=2)
    assert people.pseudonym(one, b"secret") == people.pseudonym(one, b"secret")
    assert len(people.pseudonym(one, b"secret")) == 6
    assert people.pseudonym(one, b"secret") != people.pseudonym(other, b"secret")
    assert people.pseudonym(one, b"secret") != people.pseudonym(one, b"another")
