"""Periodic work goes round all workspaces, and one that fails keeps no other waiting."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import structlog
from celery.exceptions import SoftTimeLimitExceeded

log = structlog.get_logger()
W = TypeVar("W")


def visit_each(workspaces: Iterable[W], visit: Callable[[W], Any]) -> None:
    """Call ``visit`` with each of ``workspaces`` (rows or ids), and go on after those that raise.

    Each failure is logged with its workspace; at the end all are raised in one ``ExceptionGroup``, so that the round
    counts as failed. A task whose time is up ends at once. Call it outside a scope: ``visit`` opens its own.
    """
    visited, failures = 0, list[Exception]()
    for workspace in workspaces:
        visited += 1
        with structlog.contextvars.bound_contextvars(workspace=str(getattr(workspace, "pk", workspace))):
            try:
                visit(workspace)
            except SoftTimeLimitExceeded:
                raise
            except Exception as error:
                log.exception("workspace failed; the round goes on")
                failures.append(error)
    if failures:
        raise ExceptionGroup(f"{len(failures)} of {visited} workspaces failed", failures)
