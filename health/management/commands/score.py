"""Score a workspace through the Celery jobs and wait."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.selectors.workspaces import workspace_by_slug
from csplatform.core.commands import day, one_clear_line, wait_for
from csplatform.core.tenancy import workspace_scope
from health import tasks
from health.models import ScoringRun
from health.services import runs


class Command(BaseCommand):
    help = "Scores every customer (today, or a past day as a snapshot) and prints customers scored and seconds."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--workspace", required=True)
        parser.add_argument("--as-of", type=day, help="a closed day: its snapshot is (re)built")
        parser.add_argument("--all", action="store_true", help="every customer; this is the default")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        with one_clear_line():
            workspace = workspace_by_slug(options["workspace"])
        now = datetime.now(UTC)
        as_of = options["as_of"] or now.date()
        if as_of > now.date():
            raise CommandError(f"--as-of {as_of} lies in the future.")
        kind = ScoringRun.Kind.CURRENT if as_of == now.date() else ScoringRun.Kind.BACKFILL
        with workspace_scope(workspace):
            run = runs.start(kind=kind, days=[as_of], now=now)
            tasks.enqueue(workspace.pk, run.pk, shards=run.shards)
        result = wait_for(self, workspace.pk, run.job_id).result
        if options["json"]:
            self.stdout.write(json.dumps({"as_of": as_of.isoformat(), **result}))
        else:
            self.stdout.write(f"{result['customers']} customers scored in {result['seconds']} seconds")
