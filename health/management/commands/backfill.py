"""Snapshots for past days, each from what was known then."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.selectors.workspaces import workspace_by_slug
from csplatform.core.commands import day, one_clear_line, wait_for
from csplatform.core.tenancy import workspace_scope
from health import tasks
from health.models import ScoringRun
from health.services import runs


class Command(BaseCommand):
    help = "Builds point-in-time snapshots for past days through the Celery jobs and waits."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--workspace", required=True)
        parser.add_argument("--from", dest="first", type=day, required=True)
        parser.add_argument("--to", dest="last", type=day, required=True)
        parser.add_argument("--every", type=int, default=7, help="days between snapshots")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        with one_clear_line():
            workspace = workspace_by_slug(options["workspace"])
        first, last, every = options["first"], options["last"], options["every"]
        now = datetime.now(UTC)
        if every < 1:
            raise CommandError("--every takes 1 day or more.")
        if first > last:
            raise CommandError(f"--from {first} comes after --to {last}.")
        if last >= now.date():
            raise CommandError(
                f"--to {last} is not closed yet; the last closed day is {now.date() - timedelta(days=1)}."
            )
        days = [first + timedelta(days=n) for n in range(0, (last - first).days + 1, every)]
        with workspace_scope(workspace):
            run = runs.start(kind=ScoringRun.Kind.BACKFILL, days=days, now=now)
            tasks.enqueue(workspace.pk, run.pk, shards=run.shards)
        result = wait_for(self, workspace.pk, run.job_id, patience=240.0).result
        if options["json"]:
            self.stdout.write(json.dumps({"from": str(first), "to": str(last), "every": every, **result}))
        else:
            self.stdout.write(
                f"{result['customers']} customers on {result['days']} days in {result['seconds']} seconds"
            )
