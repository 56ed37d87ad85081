"""Many runs at the same step: taken together, as good as each alone."""

from __future__ import annotations

from datetime import timedelta

from django.db import connection
from django.test.utils import CaptureQueriesContext

from csplatform.core.models import AuditEvent, OutboxEvent
from journeys.models import PlaybookRun, PlaybookVersion, RunState, RunStep, Task
from journeys.services.playbooks import running
from tests import factories
from tests.journeys.playbooks.conftest import NO_PAUSE, NOW, TASK, House

FRENCH = {"all": [{"field": "country", "op": "eq", "value": ["FR"]}]}


def begin(house: House, count: int) -> None:
    for n in range(count):
        house.happens(factories.make_customer(f"Customer {n}", country="FR" if n % 2 else "DE"))


def queries_of_one_step(house: House, runs: int) -> int:
    begin(house, runs)
    with CaptureQueriesContext(connection) as seen:
        assert running.advance(now=NOW) == runs
    return len(seen)


def test_a_step_takes_as_many_queries_for_forty_runs_as_for_two(house: House) -> None:
    house.playbook(steps=[{**TASK, "only_if": FRENCH, "body": "{{ sponsor.name }} {{ customer.stage }}"}, TASK])
    few = queries_of_one_step(house, 2)
    house.run()
    assert queries_of_one_step(house, 40) == few


def test_each_run_gets_its_own_task_line_audit_and_news(house: House) -> None:
    house.playbook()
    begin(house, 5)
    assert running.advance(now=NOW) == 5
    made = {run.customer_id: run for run in house.runs()}
    for task in house.tasks():
        assert task.customer is not None
        run = made.pop(task.customer.pk)
        assert (task.title, task.source_key) == (f"Welcome {task.customer.name}", f"{run.pk}:0")
        assert (run.state, run.steps.get().made) == (RunState.DONE, {"task": str(task.pk)})
        told = OutboxEvent.objects.get(name="task.created", payload__task_id=str(task.pk))
        assert told.cause == {"run": str(run.pk), "chain": [str(run.playbook_id)]}
        deeds = AuditEvent.objects.filter(object_id__in=[str(task.pk), str(run.pk)]).values_list(
            "action", "actor_label"
        )
        assert set(deeds) == {("task.created", "Playbook “Risk”"), ("playbook_run.finished", "Playbook “Risk”")}
    assert made == {}


def test_those_the_filter_of_a_step_leaves_out_go_on_without_it(house: House) -> None:
    house.playbook(steps=[{**TASK, "title": "Bonjour", "only_if": FRENCH}, {"kind": "wait", "days": 1}, TASK])
    begin(house, 4)
    assert house.run() == 8
    assert [task.title for task in house.tasks()] == ["Bonjour"] * 2
    assert sorted(RunStep.objects.filter(number=0).values_list("state", flat=True)) == ["done"] * 2 + ["passed"] * 2
    assert house.run(NOW + timedelta(days=2)) == 4
    assert PlaybookRun.objects.filter(state=RunState.DONE).count() == 4


def test_a_fault_that_hits_them_all_is_tried_three_times_and_said_in_every_log(house: House) -> None:
    house.playbook(limits=NO_PAUSE)
    begin(house, 3)
    version = PlaybookVersion.objects.get()
    version.definition["steps"][0]["due_days"] = "soon"  # as no checked definition is
    version.save()
    for minutes in (0, 2, 5):
        assert house.run(NOW + timedelta(minutes=minutes)) == 3
    assert [run.state for run in house.runs()] == [RunState.FAILED] * 3
    assert not Task.objects.filter(source="playbook").exists()
    assert RunStep.objects.filter(state="failed").count() == 3


def test_runs_at_different_steps_and_of_different_playbooks_are_not_mixed(house: House) -> None:
    house.playbook(limits=NO_PAUSE, steps=[TASK, {**TASK, "title": "Second"}])
    house.playbook("Other", limits=NO_PAUSE, steps=[{**TASK, "title": "Other"}])
    begin(house, 3)
    assert house.run() == 9
    titles = sorted(task.title.split()[0] for task in house.tasks())
    assert titles == ["Other"] * 3 + ["Second"] * 3 + ["Welcome"] * 3
