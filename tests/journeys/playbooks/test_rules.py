"""The pure rules of playbooks: what a definition may say, its placeholders, its slots, its cycles."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journeys.playbooks import cycles, placeholders, slots
from journeys.playbooks.definition import DefinitionError, Known, Schedule, Where, parse, read

KNOWN = Known(
    events={
        "stage.entered": ("customer_id", "stage", "kind"),
        "task.created": ("customer_id", "source"),
        "key.made": (),
    },
    stages=("trial", "adoption"),
    departments=("sales", "customer_success"),
    webhooks=("w1",),
)
TASK = {"kind": "task", "title": "Call {{ customer.name }}", "owner": "customer_success", "due_days": 2}
PARIS = ZoneInfo("Europe/Paris")
MIN = datetime(2026, 1, 1)  # noqa: DTZ001  (hypothesis wants them naive)
MAX = datetime(2027, 12, 31)  # noqa: DTZ001  (as above)


def document(**told: Any) -> dict[str, Any]:
    trigger = {"event": "stage.entered", "where": [{"field": "stage", "op": "eq", "value": "adoption"}]}
    return {"trigger": trigger, "steps": [TASK], **told}


def faults(data: object) -> set[tuple[str, str]]:
    with pytest.raises(DefinitionError) as refused:
        parse(data, KNOWN)
    return {(fault.path, fault.code) for fault in refused.value.faults}


def test_a_definition_is_read_as_it_was_told() -> None:
    found = parse(document(steps=[{"kind": "wait", "days": 3}, TASK]), KNOWN)
    assert (found.event, [step.kind for step in found.steps], found.tasks_a_run) == (
        "stage.entered",
        ["wait", "task"],
        1,
    )
    assert found.wants({"stage": "adoption"})
    assert not found.wants({"stage": "trial"})


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        ([], ("", "no_object")),
        (document(trigger={}), ("trigger", "one_trigger")),
        (document(trigger={"event": "no.such"}), ("trigger.event", "no_event")),
        (document(trigger={"event": "key.made"}), ("trigger.event", "no_customer")),
        (
            document(trigger={"event": "stage.entered", "where": [{"field": "x", "op": "eq", "value": 1}]}),
            ("trigger.where.0.field", "no_event_field"),
        ),
        (document(trigger={"schedule": {"every": "day", "at": "25:00"}}), ("trigger.schedule.at", "no_clock")),
        (document(trigger={"schedule": {"every": "week", "at": "09:00"}}), ("trigger.schedule.weekday", "no_weekday")),
        (document(steps=[]), ("steps", "no_steps")),
        (document(steps=[TASK] * 21), ("steps", "too_many_steps")),
        (document(steps=[TASK, {"kind": "wait", "days": 1}]), ("steps.1", "waits_for_nothing")),
        (document(steps=[{"kind": "mail"}]), ("steps.0.kind", "no_kind")),
        (document(steps=[{**TASK, "owner": "legal"}]), ("steps.0.owner", "no_department")),
        (document(steps=[{**TASK, "title": "{{ customer.secret }}"}]), ("steps.0.title", "no_placeholder")),
        (document(steps=[{"kind": "move", "stage": "gone", "reason": "x"}]), ("steps.0.stage", "no_stage")),
        (document(steps=[{"kind": "webhook", "webhook": "w9", "event": "a.b"}]), ("steps.0.webhook", "no_webhook")),
        (document(surprise=1), ("surprise", "unknown_field")),
        (document(limits={"runs_an_hour": 0}), ("limits.runs_an_hour", "no_limit")),
    ],
)
def test_what_is_wrong_is_named_with_its_place(data: object, fault: tuple[str, str]) -> None:
    assert fault in faults(data)


def test_a_playbook_that_could_make_100_000_tasks_an_hour_is_refused_with_the_number() -> None:
    with pytest.raises(DefinitionError) as refused:
        parse(document(steps=[TASK] * 4, limits={"runs_an_hour": 25_000}), KNOWN)
    (fault,) = refused.value.faults
    assert (fault.code, dict(fault.told)["tasks"]) == ("too_many_tasks", 100_000)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
names = st.sampled_from(
    ["trigger", "event", "where", "schedule", "steps", "kind", "filter", "limits", "owner", "title"]
)
like_a_definition = st.recursive(
    json_values | st.sampled_from(["task", "wait", "stage.entered", "eq", "day", "09:00"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=5),
    max_leaves=20,
)


@given(like_a_definition)
def test_whatever_is_told_is_a_definition_or_named_faults(data: Any) -> None:
    with suppress(DefinitionError):
        parse(data, KNOWN)


@given(json_values, json_values, st.sampled_from(["eq", "ne", "in", "gt", "lt"]))
def test_a_condition_on_any_payload_is_true_or_false(found: Any, wanted: Any, op: str) -> None:
    value = [wanted] if op == "in" else wanted
    assert Where("x", op, value).holds({"x": found}) in (True, False)


def test_decimals_of_payloads_compare_as_numbers() -> None:
    assert Where("p", "eq", 0.5).holds({"p": "0.50"})
    assert Where("p", "gt", "0.4").holds({"p": 0.5})
    assert not Where("p", "gt", 1).holds({"p": None})


@given(st.text(max_size=80))
def test_what_is_put_in_is_never_read_again(evil: str) -> None:
    assert placeholders.render("a {{ customer.name }} b", {"customer.name": evil}) == f"a {evil} b"


def test_what_is_no_placeholder_is_named() -> None:
    known = placeholders.NAMES
    assert placeholders.faults("{{ customer.name }} and {{ today }}", known) == []
    assert placeholders.faults("{{ 7*7 }} {% load x %} {{", known) == ["7*7", "{{"]


def test_the_hour_the_clocks_skip_still_has_its_slot_and_the_doubled_one_has_one() -> None:
    at_half_past_two = Schedule("day", time(2, 30))
    spring = slots.slot_on(at_half_past_two, date(2026, 3, 29), PARIS)
    assert spring == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    autumn = slots.slot_on(at_half_past_two, date(2026, 10, 25), PARIS)
    assert autumn == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert slots.next_after(at_half_past_two, autumn, PARIS).astimezone(PARIS).date() == date(2026, 10, 26)


@given(
    st.datetimes(MIN, MAX, timezones=st.just(UTC)),
    st.sampled_from(["day", "week"]),
    st.times(),
    st.integers(0, 6),
)
def test_slots_follow_one_another_once_a_day_or_week(moment: datetime, every: str, at: time, weekday: int) -> None:
    schedule = Schedule(every, at.replace(second=0, microsecond=0), weekday)
    now = moment
    following = slots.next_after(schedule, now, PARIS)
    assert following > now
    assert following - now <= timedelta(days=8 if every == "week" else 2)
    assert slots.latest_until(schedule, following, PARIS) == following.astimezone(PARIS).date() or at.hour in (2, 3)
    again = slots.next_after(schedule, following, PARIS)
    assert again.astimezone(PARIS).date() - following.astimezone(PARIS).date() == timedelta(
        days=7 if every == "week" else 1
    )


def test_playbooks_that_would_start_one_another_are_found() -> None:
    def moves(before: str, after: str) -> Any:
        where = [{"field": "stage", "op": "eq", "value": before}]
        return read(
            {"trigger": {"event": "stage.entered", "where": where}, "steps": [{"kind": "move", "stage": after}]}
        )

    there, back = moves("trial", "adoption"), moves("adoption", "trial")
    assert cycles.cycle({"there": there, "back": back}, "there") == ["there", "back", "there"]
    assert cycles.cycle({"there": there}, "there") == []
    itself = read({"trigger": {"event": "task.created"}, "steps": [TASK]})
    assert cycles.cycle({"itself": itself}, "itself") == ["itself", "itself"]
    by_hand = read({"trigger": {"event": "task.created", "where": [{"field": "source", "op": "eq", "value": "manual"}]},
                    "steps": [TASK]})  # fmt: skip
    assert cycles.cycle({"by_hand": by_hand}, "by_hand") == []
