"""What a start on one machine does first, in one process, because every process more costs a start seconds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand

from accounts.selectors.demo import is_loaded


class Command(BaseCommand):
    help = "Migrates; and where the demo is loaded already, writes down who can sign in to it."
    requires_system_checks = ()

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument(
            "--demo-logins", type=Path, metavar="FILE", help="is made when the demo is there, and not otherwise"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        call_command("migrate", interactive=False, verbosity=options["verbosity"], stdout=self.stdout)
        file: Path | None = options["demo_logins"]
        if file is not None and is_loaded():
            with file.open("w", encoding="utf-8") as out:
                call_command("demo_logins", stdout=out)
