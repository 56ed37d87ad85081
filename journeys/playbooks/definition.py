"""What a playbook's definition may say, and the definition as the engine reads it. Pure.

``{"trigger": {"event": "stage.entered", "where": [{"field": "stage", "op": "eq", "value": "adoption"}]}, "filter": {…},
"steps": [{"kind": "task", …}], "limits": {…}}``; or as a trigger ``{"schedule": {"every": "week", "weekday": 0,
"at": "09:00"}}``. The filter is in the one filter language, which has its own reader: here it is carried along.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import time
from typing import Any

from journeys.playbooks import placeholders, whom

MAX_STEPS = 20
MAX_TITLE, MAX_TEXT, MAX_REASON = 300, 10_000, 500
MAX_DAYS = 365
MAX_WHERE = 10
# A playbook that could make this many tasks in an hour is refused before it starts.
TASKS_REFUSED = 100_000
RUNS_AN_HOUR, MOST_RUNS_AN_HOUR = 1_000, 50_000
TASKS_AT_ONCE, MOST_TASKS_AT_ONCE = 1_000, 20_000
AGAIN_AFTER_DAYS = 30

TASK, EMAIL, MOVE, WEBHOOK, WAIT, SURVEY = "task", "email", "move", "webhook", "wait", "survey"
KINDS = (TASK, EMAIL, SURVEY, MOVE, WEBHOOK, WAIT)
DAILY, WEEKLY = "day", "week"
OPERATORS = ("eq", "ne", "in", "gt", "lt")
_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")
_EVENT = re.compile(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*")
_FIELDS: Mapping[str, frozenset[str]] = {
    TASK: frozenset({"kind", "only_if", "title", "body", "owner", "due_days"}),
    EMAIL: frozenset({"kind", "only_if", "title", "subject", "body", "owner", "due_days"}),
    MOVE: frozenset({"kind", "only_if", "stage", "reason"}),
    WEBHOOK: frozenset({"kind", "only_if", "webhook", "event"}),
    WAIT: frozenset({"kind", "only_if", "days"}),
    SURVEY: frozenset({"kind", "only_if", "survey", "addressees"}),
}


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong at ``path`` (``steps.0.title``); ``code`` and ``told`` become words elsewhere."""

    path: str
    code: str
    told: tuple[tuple[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Known:
    """What a definition may name: events with their fields, stages, departments, webhooks, surveys that can be sent.

    ``addressees``: whom at a customer a survey can go to.
    """

    events: Mapping[str, Collection[str]]
    stages: Collection[str]
    departments: Collection[str]
    webhooks: Collection[str]
    surveys: Collection[str] = ()
    addressees: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class Where:
    """A condition on a field of the event's payload."""

    field: str
    op: str
    value: Any

    def holds(self, payload: Mapping[str, Any]) -> bool:
        """Whether the payload fulfils it. What cannot be compared does not."""
        found = payload.get(self.field)
        if self.op == "eq":
            return _same(found, self.value)
        if self.op == "ne":
            return not _same(found, self.value)
        if self.op == "in":
            return any(_same(found, each) for each in self.value)
        left, right = _number(found), _number(self.value)
        if left is None or right is None:
            return False
        return left > right if self.op == "gt" else left < right


@dataclass(frozen=True, slots=True)
class Schedule:
    """Every day, or every week on ``weekday`` (Monday is 0), at a time of the workspace's clock."""

    every: str
    at: time
    weekday: int = 0


@dataclass(frozen=True, slots=True)
class Step:
    """One step. Which fields mean something depends on ``kind``; ``only_if`` is a filter, None: always.

    ``owner``: the department whose place in the account team does it. ``days``: working days until it is due, of a
    wait how long.
    """

    kind: str
    only_if: Mapping[str, Any] | None = None
    title: str = ""
    subject: str = ""
    body: str = ""
    owner: str = ""
    days: int = 0
    stage: str = ""
    reason: str = ""
    webhook: str = ""
    event: str = ""
    survey: str = ""
    addressees: str = ""

    @property
    def makes_task(self) -> bool:
        return self.kind in (TASK, EMAIL)


@dataclass(frozen=True, slots=True)
class Definition:
    """A playbook as the engine runs it: exactly one of ``event`` ("" for none) and ``schedule``."""

    event: str
    where: tuple[Where, ...]
    schedule: Schedule | None
    filter: Mapping[str, Any]
    steps: tuple[Step, ...]
    runs_an_hour: int = RUNS_AN_HOUR
    tasks_at_once: int = TASKS_AT_ONCE
    again_after_days: int = AGAIN_AFTER_DAYS

    @property
    def tasks_a_run(self) -> int:
        return sum(step.makes_task for step in self.steps)

    def wants(self, payload: Mapping[str, Any]) -> bool:
        """Whether an event with this payload starts it, its customer apart."""
        return all(each.holds(payload) for each in self.where)


class DefinitionError(ValueError):
    """A definition that cannot be run; ``faults`` names all that is wrong."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(", ".join(f"{fault.path}: {fault.code}" for fault in faults))
        self.faults = tuple(faults)


def parse(data: object, known: Known) -> Definition:
    """The definition a document says; raises ``DefinitionError`` naming everything that is wrong with it."""
    faults = list(_faults(data, known))
    if faults:
        raise DefinitionError(faults)
    return read(data)


def read(data: Any) -> Definition:
    """The definition of a document that was checked when it was kept; it may name what is gone since."""
    trigger, limits = data["trigger"], data.get("limits") or {}
    schedule = trigger.get("schedule")
    return Definition(
        event=trigger.get("event") or "",
        where=tuple(Where(each["field"], each["op"], each["value"]) for each in trigger.get("where") or ()),
        schedule=Schedule(schedule["every"], time.fromisoformat(schedule["at"]), schedule.get("weekday") or 0)
        if schedule
        else None,
        filter=data.get("filter") or {},
        steps=tuple(_step(each) for each in data["steps"]),
        runs_an_hour=limits.get("runs_an_hour", RUNS_AN_HOUR),
        tasks_at_once=limits.get("tasks_at_once", TASKS_AT_ONCE),
        again_after_days=limits.get("again_after_days", AGAIN_AFTER_DAYS),
    )


def _step(data: Mapping[str, Any]) -> Step:
    return Step(
        kind=data["kind"],
        only_if=data.get("only_if"),
        title=data.get("title", ""),
        subject=data.get("subject", ""),
        body=data.get("body", ""),
        owner=data.get("owner", ""),
        days=data.get("days", data.get("due_days", 0)),
        stage=data.get("stage", ""),
        reason=data.get("reason", ""),
        webhook=data.get("webhook", ""),
        event=data.get("event", ""),
        survey=data.get("survey", ""),
        addressees=data.get("addressees", ""),
    )


def _faults(data: object, known: Known) -> Iterator[Fault]:
    if not isinstance(data, dict):
        yield Fault("", "no_object")
        return
    yield from _unknown(data, {"trigger", "filter", "steps", "limits"}, "")
    yield from _trigger_faults(data.get("trigger"), known)
    if not isinstance(data.get("filter", {}), dict):
        yield Fault("filter", "no_object")
    steps = data.get("steps")
    if not isinstance(steps, list) or not steps:
        yield Fault("steps", "no_steps")
        return
    if len(steps) > MAX_STEPS:
        yield Fault("steps", "too_many_steps", (("most", MAX_STEPS),))
    for index, step in enumerate(steps):
        yield from _step_faults(step, f"steps.{index}", known, _event_fields(data, known))
    if isinstance(steps[-1], dict) and steps[-1].get("kind") == WAIT:
        yield Fault(f"steps.{len(steps) - 1}", "waits_for_nothing")
    tasks = sum(isinstance(step, dict) and step.get("kind") in (TASK, EMAIL) for step in steps)
    yield from _limit_faults(data.get("limits", {}), tasks)


def _event_fields(data: Mapping[str, Any], known: Known) -> Collection[str]:
    trigger = data.get("trigger")
    event = trigger.get("event") if isinstance(trigger, dict) else None
    return known.events.get(event, ()) if isinstance(event, str) else ()


def _trigger_faults(trigger: object, known: Known) -> Iterator[Fault]:
    if not isinstance(trigger, dict) or ("event" in trigger) == ("schedule" in trigger):
        yield Fault("trigger", "one_trigger")
        return
    yield from _unknown(trigger, {"event", "where", "schedule"}, "trigger.")
    if "schedule" in trigger:
        yield from _schedule_faults(trigger["schedule"])
        if trigger.get("where"):
            yield Fault("trigger.where", "where_needs_event")
        return
    event = trigger["event"]
    if not isinstance(event, str) or event not in known.events:
        yield Fault("trigger.event", "no_event", (("given", str(event)[:60]),))
        return
    if "customer_id" not in known.events[event]:
        yield Fault("trigger.event", "no_customer", (("given", event),))
    where = trigger.get("where", [])
    if not isinstance(where, list) or len(where) > MAX_WHERE:
        yield Fault("trigger.where", "no_list", (("most", MAX_WHERE),))
        return
    for index, each in enumerate(where):
        yield from _where_faults(each, f"trigger.where.{index}", event, known.events[event])


def _where_faults(each: object, path: str, event: str, fields: Collection[str]) -> Iterator[Fault]:
    if not isinstance(each, dict) or set(each) != {"field", "op", "value"}:
        yield Fault(path, "where_shape")
        return
    if each["field"] not in fields:
        told = (("given", str(each["field"])[:60]), ("event", event), ("known", ", ".join(sorted(fields))))
        yield Fault(f"{path}.field", "no_event_field", told)
    if each["op"] not in OPERATORS:
        yield Fault(f"{path}.op", "no_operator", (("known", ", ".join(OPERATORS)),))
    elif each["op"] == "in" and not _is_list_of_values(each["value"]):
        yield Fault(f"{path}.value", "no_values")
    elif each["op"] in ("gt", "lt") and _number(each["value"]) is None:
        yield Fault(f"{path}.value", "no_number")
    elif each["op"] in ("eq", "ne") and not _is_value(each["value"]):
        yield Fault(f"{path}.value", "no_value")


def _schedule_faults(schedule: object) -> Iterator[Fault]:
    if not isinstance(schedule, dict):
        yield Fault("trigger.schedule", "no_object")
        return
    yield from _unknown(schedule, {"every", "weekday", "at"}, "trigger.schedule.")
    if schedule.get("every") not in (DAILY, WEEKLY):
        yield Fault("trigger.schedule.every", "every")
    at = schedule.get("at")
    if not isinstance(at, str) or not _CLOCK.fullmatch(at):
        yield Fault("trigger.schedule.at", "no_clock")
    if schedule.get("every") == WEEKLY and not _is_count(schedule.get("weekday"), 0, 6):
        yield Fault("trigger.schedule.weekday", "no_weekday")


def _step_faults(step: object, path: str, known: Known, event_fields: Collection[str]) -> Iterator[Fault]:
    if not isinstance(step, dict):
        yield Fault(path, "no_object")
        return
    kind = step.get("kind")
    if kind not in KINDS:
        yield Fault(f"{path}.kind", "no_kind", (("known", ", ".join(KINDS)),))
        return
    yield from _unknown(step, _FIELDS[kind], f"{path}.")
    if not isinstance(step.get("only_if") or {}, dict):
        yield Fault(f"{path}.only_if", "no_object")
    if kind in (TASK, EMAIL):
        yield from _text_faults(step, "title", path, MAX_TITLE, event_fields, required=kind == TASK)
        yield from _text_faults(step, "body", path, MAX_TEXT, event_fields, required=kind == EMAIL)
        if kind == EMAIL:
            yield from _text_faults(step, "subject", path, MAX_TITLE, event_fields, required=True)
        if step.get("owner") not in known.departments:
            yield Fault(f"{path}.owner", "no_department", (("known", ", ".join(known.departments)),))
        if not _is_count(step.get("due_days", 0), 0, MAX_DAYS):
            yield Fault(f"{path}.due_days", "no_days", (("most", MAX_DAYS),))
    elif kind == MOVE:
        if step.get("stage") not in known.stages:
            told = (("given", str(step.get("stage"))[:60]), ("known", ", ".join(known.stages)))
            yield Fault(f"{path}.stage", "no_stage", told)
        yield from _text_faults(step, "reason", path, MAX_REASON, event_fields, required=True)
    elif kind == WEBHOOK:
        if step.get("webhook") not in known.webhooks:
            yield Fault(f"{path}.webhook", "no_webhook")
        event = step.get("event")
        if not isinstance(event, str) or len(event) > 100 or not _EVENT.fullmatch(event):
            yield Fault(f"{path}.event", "no_event_name")
    elif kind == SURVEY:
        if step.get("survey") not in known.surveys:
            yield Fault(f"{path}.survey", "no_survey")
        if step.get("addressees") not in (groups := whom.choices(known.addressees, event_fields)):
            yield Fault(f"{path}.addressees", "no_addressees", (("known", ", ".join(groups)),))
    elif not _is_count(step.get("days"), 1, MAX_DAYS):
        yield Fault(f"{path}.days", "no_wait", (("most", MAX_DAYS),))


def _text_faults(
    step: Mapping[str, Any], field: str, path: str, most: int, event_fields: Collection[str], *, required: bool
) -> Iterator[Fault]:
    text = step.get(field, "")
    if not isinstance(text, str) or "\0" in text:
        yield Fault(f"{path}.{field}", "no_text")
    elif required and not text.strip():
        yield Fault(f"{path}.{field}", "missing")
    elif len(text) > most:
        yield Fault(f"{path}.{field}", "too_long", (("most", most),))
    else:
        names = {*placeholders.NAMES, *(f"event.{name}" for name in event_fields)}
        for wrong in placeholders.faults(text, names):
            yield Fault(f"{path}.{field}", "no_placeholder", (("given", wrong), ("known", ", ".join(sorted(names)))))


def _limit_faults(limits: object, tasks: int) -> Iterator[Fault]:
    if not isinstance(limits, dict):
        yield Fault("limits", "no_object")
        return
    most = {"runs_an_hour": MOST_RUNS_AN_HOUR, "tasks_at_once": MOST_TASKS_AT_ONCE, "again_after_days": 3_650}
    yield from _unknown(limits, most.keys(), "limits.")
    for name, highest in most.items():
        lowest = 0 if name == "again_after_days" else 1
        if name in limits and not _is_count(limits[name], lowest, highest):
            yield Fault(f"limits.{name}", "no_limit", (("least", lowest), ("most", highest)))
            return
    runs = limits.get("runs_an_hour", RUNS_AN_HOUR)
    if runs * tasks >= TASKS_REFUSED:
        told = (("tasks", runs * tasks), ("runs", runs), ("steps", tasks), ("most", TASKS_REFUSED - 1))
        yield Fault("limits.runs_an_hour", "too_many_tasks", told)


def _unknown(data: Mapping[Any, Any], known: Collection[str], under: str) -> Iterator[Fault]:
    for name in data:
        if name not in known:
            yield Fault(f"{under}{str(name)[:60]}", "unknown_field")


def _is_count(value: object, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def _is_value(value: object) -> bool:
    return value is None or isinstance(value, str | int | float)


def _is_list_of_values(value: object) -> bool:
    return isinstance(value, list) and 0 < len(value) <= 100 and all(map(_is_value, value))


def _same(found: Any, wanted: Any) -> bool:
    """Payloads hold decimals as strings: 0.50 and "0.5" are the same, and so are true and "true"."""
    left, right = _number(found), _number(wanted)
    if left is not None and right is not None:
        return left == right
    return _plain(found) == _plain(wanted)


def _plain(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    return number if number == number else None
