"""A round over all workspaces: whoever fails is told of, and keeps nobody waiting."""

from __future__ import annotations

import pickle

import pytest
from billiard.einfo import ExceptionInfo
from celery.exceptions import SoftTimeLimitExceeded
from celery.utils.serialization import get_pickleable_exception
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from csplatform.core.rounds import visit_each


def fail_at_two(visited: list[int], number: int) -> None:
    visited.append(number)
    if number == 2:
        raise ValueError("two is broken")


def test_a_workspace_that_fails_keeps_no_other_waiting() -> None:
    visited: list[int] = []
    with pytest.raises(ExceptionGroup, match="1 of 3 workspaces failed") as caught:
        visit_each([1, 2, 3], lambda number: fail_at_two(visited, number))
    assert visited == [1, 2, 3]
    assert [str(each) for each in caught.value.exceptions] == ["two is broken"]


def test_the_failure_is_logged_with_its_workspace() -> None:
    with capture_logs(processors=[merge_contextvars]) as lines, pytest.raises(ExceptionGroup):
        visit_each([1, 2, 3], lambda number: fail_at_two([], number))
    assert [(line["workspace"], line["log_level"]) for line in lines] == [("2", "error")]


def test_a_round_without_failures_ends_quietly() -> None:
    visited: list[int] = []
    visit_each([1, 3], lambda number: fail_at_two(visited, number))
    visit_each([], lambda number: fail_at_two(visited, number))
    assert visited == [1, 3]


def test_a_task_whose_time_is_up_ends_at_once() -> None:
    visited: list[int] = []

    def run_out_of_time(number: int) -> None:
        visited.append(number)
        raise SoftTimeLimitExceeded

    with pytest.raises(SoftTimeLimitExceeded):
        visit_each([1, 2, 3], run_out_of_time)
    assert visited == [1]


def test_a_worker_can_pass_the_failure_on() -> None:
    """It goes from a child of the worker to its parent, pickled."""
    with pytest.raises(ExceptionGroup) as caught:
        visit_each([1, 2], lambda number: fail_at_two([], number))
    passed = pickle.loads(pickle.dumps(get_pickleable_exception(caught.value)))
    assert "1 of 2 workspaces failed" in str(passed)
    assert "two is broken" in str(ExceptionInfo((type(caught.value), caught.value, caught.tb)).traceback)
