"""Train a churn model on a workspace's own history; it becomes the champion if it beats the rules."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand

from accounts.selectors.workspaces import workspace_by_slug
from csplatform.core import audit
from csplatform.core.commands import one_clear_line, wait_for
from csplatform.core.tenancy import workspace_scope
from health import tasks
from health.churn.table import as_table
from health.services import churn, settings_of_churn


class Command(BaseCommand):
    help = (
        "Trains, calibrates and back-tests a churn model through a Celery job, and activates it if it beats the rules."
    )

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--workspace", required=True)
        parser.add_argument(
            "--horizon", type=int, help="days ahead within which a churn counts; else as the workspace has set"
        )
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        with one_clear_line():
            workspace = workspace_by_slug(options["workspace"])
            with workspace_scope(workspace):
                job = churn.start(
                    horizon=churn.wanted_horizon(options["horizon"]),
                    actor=audit.Actor(label="train_churn"),
                    now=datetime.now(UTC),
                )
                tasks.train_churn_soon(workspace.pk, job.pk)
        result = wait_for(self, workspace.pk, job.pk, patience=240.0).result
        for note in result["backtest"]["notes"]:
            self.stderr.write(note)
        if options["json"]:
            self.stdout.write(json.dumps(result))
            return
        self.stdout.write(as_table(result["backtest"]))
        with workspace_scope(workspace):
            in_force = settings_of_churn.in_force()
        stays = "the rules stay" if in_force.model is None else f"model {in_force.model} stays in force"
        state = "is the champion: it beat the rules" if result["activated"] else f"is kept for comparison; {stays}"
        self.stdout.write(f"Model {result['number']} ({result['recipe']}) {state}.")
