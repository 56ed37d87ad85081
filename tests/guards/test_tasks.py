"""Background tasks: named, tolerant of older and newer callers, in a queue that somebody works."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path

import pytest
from celery import Task

from csplatform.celery import app
from csplatform.celery_settings import CELERY_BEAT_SCHEDULE, CELERY_TASK_DEFAULT_QUEUE

ROOT = Path(__file__).parents[2]
QUEUES = {CELERY_TASK_DEFAULT_QUEUE}
PREFIXES = ("core.", "accounts.", "journeys.", "health.", "surveys.")


def our_tasks() -> list[Task]:  # type: ignore[type-arg]  # not generic at run time
    app.loader.import_default_modules()
    return [task for name, task in sorted(app.tasks.items()) if not name.startswith("celery.")]


@pytest.mark.parametrize("task", our_tasks(), ids=lambda task: task.name)
def test_a_task_says_who_it_is_and_survives_a_deploy(task: Task) -> None:  # type: ignore[type-arg]  # not generic at run time
    assert task.name.startswith(PREFIXES), "the name is the app's, and stays when the module moves"
    kinds = {parameter.kind for parameter in inspect.signature(task.run).parameters.values()}
    assert inspect.Parameter.VAR_KEYWORD in kinds, "an older worker must take arguments it does not know"
    assert app.amqp.router.route({}, task.name)["queue"].name in QUEUES
    assert task.acks_late
    assert task.ignore_result
    assert task.run.__doc__


def test_the_schedule_names_tasks_that_exist() -> None:
    names = {task.name for task in our_tasks()}
    assert {entry["task"] for entry in CELERY_BEAT_SCHEDULE.values()} <= names


def test_rounds_over_all_workspaces_go_on_after_one_that_fails() -> None:
    """No loop by hand: ``visit_each`` keeps the failure of one workspace from stopping the others."""
    loops = [
        f"{path.relative_to(ROOT)}:{node.iter.lineno}"
        for app in ("accounts", "journeys", "surveys", "health")
        for path in sorted((ROOT / app).rglob("*.py"))
        if "Workspace.objects" in (source := path.read_text())
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.For | ast.comprehension) and _is_of_workspaces(ast.unparse(node.iter))
    ]
    assert loops == []


def _is_of_workspaces(source: str) -> bool:
    return "Workspace.objects" in source or "workspaces()" in source
