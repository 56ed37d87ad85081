"""Load the demo workspace, once."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from csplatform.core.commands import one_clear_line


class Command(BaseCommand):
    help = "Loads the demo workspace; goes on where an earlier attempt stopped, and does nothing once it is there."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        from health import demo

        try:
            with one_clear_line():
                demo.load(clock=timezone.now, say=self.stderr.write)
        except demo.DemoError as error:
            raise CommandError(str(error)) from error
        self.stderr.write("The demo is loaded; `manage.py demo_logins` lists who can sign in.")
