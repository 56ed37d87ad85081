"""Prove on a workspace's own history what a churn model would have said."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand

from accounts.selectors.workspaces import workspace_by_slug
from csplatform.core.commands import one_clear_line
from csplatform.core.tenancy import workspace_scope
from health.churn.table import as_table
from health.services import churn


class Command(BaseCommand):
    help = (
        "Back-tests churn risk by rolling origin, beside the rules and naive ways. Needs no training; writes nothing."
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
                horizon = churn.wanted_horizon(options["horizon"])
        proof = churn.prove(workspace.pk, horizon=horizon, today=datetime.now(UTC).date(), report=self._tell)
        for note in proof["notes"]:
            self.stderr.write(note)
        self.stdout.write(json.dumps(proof) if options["json"] else as_table(proof))

    def _tell(self, done: int, total: int) -> None:
        if done == total // 2 or done % 1_000 == 0:
            self.stderr.write(f"{done:,} customers laid out by day")
