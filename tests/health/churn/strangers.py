"""Files of vendors we know nothing of, made up row by row, and the commands that turn them into a proof."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from django.core.management import call_command

from accounts.models import Workspace
from csplatform.core import audit
from csplatform.core.models import Job
from csplatform.core.tenancy import workspace_scope
from health.models import ScoringRun
from health.services import churn, runs
from tests import factories

FIRST = date(2026, 1, 5)
WEEKS = 26
THROUGH = FIRST + timedelta(weeks=WEEKS)
HORIZON = 14
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "customers": ("external_id", "name"),
    "subscriptions": (
        "external_id",
        "customer_external_id",
        "starts_on",
        "ends_on",
        "cancelled_on",
        "billing_period_months",
        "mrr",
        "currency",
    ),
    "events": ("customer_external_id", "event", "timestamp"),
}


def on(day: int) -> date:
    return FIRST + timedelta(days=day)


@dataclass
class Files:
    """Rows by kind, in the order of ``COLUMNS``. ``theirs``: what the vendor calls a column of ours."""

    customers: list[Sequence[Any]] = field(default_factory=list)
    subscriptions: list[Sequence[Any]] = field(default_factory=list)
    events: list[Sequence[Any]] = field(default_factory=list)
    theirs: dict[str, str] = field(default_factory=dict)

    def customer(self, number: int) -> str:
        key = f"v-{number:03}"
        self.customers.append((key, f"Vendor's customer {number}"))
        return key

    def term(self, key: str, start: date, end: date | None = None, **more: Any) -> None:
        """One row of a subscription; monthly unless told."""
        told = {"cancelled_on": "", "months": 1, "mrr": 100, "currency": "", **more}
        number = len(self.subscriptions)
        self.subscriptions.append(
            (f"t-{number}", key, start, end or "", told["cancelled_on"], told["months"], told["mrr"], told["currency"])
        )

    def monthly(self, key: str, start: date, end: date, **more: Any) -> None:
        """A row for each paid month from ``start`` until the first that would begin on ``end`` or later."""
        while start < end:
            after = start + timedelta(days=30)
            self.term(key, start, after, **more)
            start = after

    def used(self, key: str, days: Iterable[int], event: str = "login") -> None:
        self.events += [(key, event, f"{on(day)}T12:00:00Z") for day in days]


def usual(files: Files, numbers: Iterable[int], *, leaves: Mapping[int, int]) -> Files:
    """Customers on yearly terms who work three days a week until they leave on the day told, their end rewritten."""
    for number in numbers:
        key = files.customer(number)
        end = leaves.get(number)
        files.term(key, FIRST, None if end is None else on(end), months=12)
        files.used(key, [day for day in range(end or 7 * WEEKS) if (day + number) % 7 in (0, 2, 4)])
    return files


@dataclass(frozen=True)
class Said:
    """What a command has printed, and how it ended."""

    code: int
    out: str
    err: str


def command(name: str, *args: Any, **options: Any) -> Said:
    out, err = io.StringIO(), io.StringIO()
    code = 0
    try:
        call_command(name, *args, stdout=out, stderr=err, **options)
    except SystemExit as ended:
        code = int(ended.code or 0)
    return Said(code, out.getvalue(), err.getvalue())


def brought_in(folder: Path, files: Files, slug: str = "vendor", *, through: date | None = THROUGH) -> dict[str, Said]:
    """Import the files into a new workspace, with a mapping where the vendor has other names; what each import said."""
    factories.make_workspace(slug)
    said = {}
    for kind, ours in COLUMNS.items():
        path = folder / f"{slug}-{kind}.csv"
        names = [files.theirs.get(name, name) for name in ours]
        with path.open("w", newline="") as sheet:
            csv.writer(sheet).writerows([names, *getattr(files, kind)])
        maps = [f"{theirs}={name}" for theirs, name in zip(names, ours, strict=True) if theirs != name]
        complete = {"through": through.isoformat()} if through else {}
        said[kind] = command("import_data", kind, path, workspace=slug, map=maps, **complete)
    return said


def back_tested(slug: str = "vendor", horizon: int = HORIZON) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(command("backtest", workspace=slug, horizon=horizon, json=True).out)
    return told


def back_filled(slug: str = "vendor", days: Sequence[date] = (on(60), on(67))) -> None:
    """What ``backfill`` asks of the worker."""
    workspace = Workspace.objects.get(slug=slug)
    with workspace_scope(workspace):
        run = runs.start(kind=ScoringRun.Kind.BACKFILL, days=list(days), now=factories.NOW)
    runs.work(workspace.pk, run.pk)


def trained(slug: str = "vendor", horizon: int = HORIZON) -> dict[str, Any]:
    """What ``train_churn`` asks of the worker; its result."""
    workspace = Workspace.objects.get(slug=slug)
    with workspace_scope(workspace):
        job = churn.start(horizon=horizon, actor=audit.SYSTEM, now=factories.NOW)
    churn.work(workspace.pk, job.pk)
    with workspace_scope(workspace):
        told: dict[str, Any] = Job.objects.get(pk=job.pk).result
        return told
