"""What our management commands share: data on stdout, messages on stderr, one clear line when something is wrong."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from csplatform.core.models import Job, JobState
from csplatform.core.tenancy import workspace_scope


@contextmanager
def one_clear_line() -> Iterator[None]:
    """Turn a rule's ``ValidationError`` into the command's one line on stderr and a non-zero exit."""
    try:
        yield
    except ValidationError as error:
        raise CommandError(flatten(error)) from error


def flatten(error: ValidationError) -> str:
    """All messages of ``error`` in one line, each with its field's name."""
    if hasattr(error, "error_dict"):
        return " ".join(
            f"{field}: {message}" if field != "__all__" else message
            for field, messages in error.message_dict.items()
            for message in messages
        )
    return " ".join(error.messages)


def day(text: str) -> date:
    """An ISO day from the command line; argparse names the option when it is none."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no day; expected YYYY-MM-DD") from error


def wait_for(command: BaseCommand, workspace_id: UUID, job_id: UUID, *, patience: float = 60.0) -> Job:
    """Wait until the job has ended, telling progress on stderr.

    Raises ``CommandError`` when it failed, or when for ``patience`` seconds no worker made any progress.
    """
    last, since = -1, time.monotonic()
    while True:
        with workspace_scope(workspace_id):
            job = Job.objects.get(pk=job_id)
        if job.is_finished:
            break
        if job.done != last:
            last, since = job.done, time.monotonic()
            left = job.eta_seconds(datetime.now(UTC))
            command.stderr.write(f"{job.done} of {job.total}" + (f", {left} s left" if left is not None else ""))
        elif time.monotonic() - since > patience:
            raise CommandError(
                f"No worker has made progress for {patience:.0f} seconds. Is one running (make run)? "
                "The job stays queued and goes on when one starts."
            )
        time.sleep(0.1)
    if job.state != JobState.DONE:
        raise CommandError(f"The job ended as {job.state}: {job.message}")
    return job
