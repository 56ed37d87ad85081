"""What a start on one machine does first, in one process, because every process more costs a start seconds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.utils import timezone

from accounts.links import setup_link
from accounts.selectors.demo import is_loaded
from accounts.services import founding


class Command(BaseCommand):
    help = "Migrates, and writes down how people get in: who can sign in to the demo, or how to make a workspace."
    requires_system_checks = ()

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument(
            "--demo-logins", type=Path, metavar="FILE", help="is made when the demo is there, and not otherwise"
        )
        parser.add_argument(
            "--setup-link", type=Path, metavar="FILE", help="is made while nobody can sign in, and not otherwise"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        call_command("migrate", interactive=False, verbosity=options["verbosity"], stdout=self.stdout)
        file: Path | None = options["demo_logins"]
        if file is not None and is_loaded():
            with file.open("w", encoding="utf-8") as out:
                call_command("demo_logins", stdout=out)
        link: Path | None = options["setup_link"]
        if link is not None and founding.is_vacant():
            link.write_text(setup_link(founding.new_key(timezone.now())), encoding="utf-8")
