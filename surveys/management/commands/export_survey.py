"""Published results as a folder of files, for a static host."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from csplatform.core.tenancy import workspace_scope
from surveys.results import folder, made
from surveys.selectors import published
from surveys.selectors.public import find_public


class Command(BaseCommand):
    help = "Write the published results of a survey into a folder that any static host can serve."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", help="the survey's address, as in /s/SLUG/")
        parser.add_argument("folder", type=Path, help="made if it is not there; files of the same names are replaced")
        parser.add_argument(
            "--version-number", type=int, default=None, help="an earlier version; the newest by default"
        )
        parser.add_argument("--url", default="", help="where the folder will be, for previews of shared links")

    def handle(self, *_args: Any, **options: Any) -> None:
        version = self._version(options["slug"], options["version_number"])
        url = options["url"] and options["url"].rstrip("/") + "/"
        target: Path = options["folder"]
        try:
            for name, body in folder.files(version, folder_url=url).items():
                path = target / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(body)
                self.stdout.write(str(path))
        except OSError as error:
            raise CommandError(f"Cannot write to {target}: {error.strerror or error}") from error

    @staticmethod
    def _version(slug: str, number: int | None) -> made.Version:
        found = find_public(slug)
        if found is None:
            raise CommandError(f"No survey has the address {slug!r}.")
        with workspace_scope(found[0]):
            publication = published.version(found[1], number)
            if publication is None:
                raise CommandError(f"{slug!r} has no such published version.")
            corrections = published.corrections(found[1], up_to=publication.number)
        return made.Version(publication.results, publication.rows, corrections)
