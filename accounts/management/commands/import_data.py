"""``import_data KIND FILE --workspace W``: good rows in, bad ones into a rejects file with the reason."""

from __future__ import annotations

import json
import sys
import time
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts import values
from accounts.imports import engine, kinds, mapping, readers, runs
from accounts.imports.kinds import ImportKind
from accounts.models import ImportRun, Workspace
from accounts.selectors.workspaces import workspace_by_slug
from csplatform.core import audit
from csplatform.core.commands import one_clear_line
from csplatform.core.models import JobState
from csplatform.core.tenancy import workspace_scope

EXIT_NOTHING_READ = 1
EXIT_SOME_REJECTED = 3
_SAY_EVERY_SECONDS = 2.0


class Command(BaseCommand):
    help = "Imports a CSV, CSV.gz, NDJSON or Parquet file. Importing the same file again changes nothing."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("kind", help="customers, contacts, subscriptions, events …")
        parser.add_argument("file", type=Path)
        parser.add_argument("--workspace", required=True, metavar="SLUG")
        parser.add_argument(
            "--map",
            nargs="+",
            action="extend",
            default=[],
            metavar="THEIRS=OURS",
            help="which of the file's columns is which of ours; THEIRS=- leaves one out",
        )
        parser.add_argument(
            "--through", metavar="DATE", help="the facts are complete up to this day; no churn is inferred beyond it"
        )
        parser.add_argument("--rejects", type=Path, metavar="PATH", help="also write the rejects file here")
        parser.add_argument("--json", action="store_true", help="print the result as one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        with one_clear_line():
            workspace = workspace_by_slug(options["workspace"])
        with workspace_scope(workspace):
            runs.refuse_beside_sample(CommandError)
        kind = self._kind(options["kind"])
        through = self._through(options["through"], workspace)
        try:
            run = runs.import_file(
                path=options["file"],
                kind=kind,
                pairs=mapping.parse_pairs(options["map"]),
                through=through,
                actor=audit.Actor(label="import_data"),
                workspace_id=workspace.pk,
                clock=timezone.now,
                progress=self._progress(),
            )
        except (readers.SourceError, mapping.MappingError) as error:
            raise CommandError(f"{options['file'].name}: {error}") from error
        except OSError as error:
            raise CommandError(f"{options['file']}: cannot be opened ({error.strerror}).") from error
        self._report(run, options)
        if run.job is None or run.job.state != JobState.DONE:
            raise CommandError((run.job and run.job.message) or "The import did not finish.")
        if run.rows_rejected:
            sys.exit(EXIT_SOME_REJECTED)

    def _kind(self, key: str) -> ImportKind:
        kind = kinds.get(key)
        if kind is None:
            there = ", ".join(known.key for known in kinds.all_kinds())
            raise CommandError(f"There is no kind called {key!r}; there are: {there}.")
        return kind

    def _through(self, text: str | None, workspace: Workspace) -> date | None:
        if text is None:
            if workspace.data_through is not None:
                self.stderr.write(
                    f"The facts of {workspace.slug} are complete up to {workspace.data_through}, as an earlier import "
                    "said; --through DATE changes that."
                )
            return None
        try:
            return values.day(text)
        except ValueError as error:
            raise CommandError(f"--through: {error}.") from error

    def _progress(self) -> Any:
        said = time.monotonic()

        def progress(done: int, total: int) -> None:
            nonlocal said
            if time.monotonic() - said >= _SAY_EVERY_SECONDS:
                said = time.monotonic()
                self.stderr.write(f"{done:,} of {total:,} ({100 * done // max(total, 1)} %)")

        return progress

    def _report(self, run: ImportRun, options: dict[str, Any]) -> None:
        rejects = self._rejects_path(run, options["rejects"])
        for note in run.notes:
            self.stderr.write(note)
        if rejects:
            self.stderr.write(f"Rejected rows, each with the reason: {rejects}")
        counts = engine.counts(run)
        if options["json"]:
            answer = {"kind": run.kind, **counts, "rejects": rejects, "notes": run.notes, "import": str(run.pk)}
            self.stdout.write(json.dumps(answer, ensure_ascii=False))
        else:
            self.stdout.write(", ".join(f"{count} {word}" for word, count in counts.items()))

    @staticmethod
    def _rejects_path(run: ImportRun, wanted: Path | None) -> str | None:
        if not run.rejects:
            return None
        if wanted is None:
            return str(run.rejects.path)
        with run.rejects.open("rb") as stored, wanted.open("wb") as copy:
            copy.writelines(stored.chunks())
        return str(wanted)
