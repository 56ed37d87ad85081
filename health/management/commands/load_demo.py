"""Load the demo workspaces, once."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.selectors.demo import is_loaded
from csplatform.core.commands import one_clear_line


class Command(BaseCommand):
    help = "Loads the demo workspaces; goes on where an earlier attempt stopped, and does nothing once they are there."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        if is_loaded():
            self.stderr.write("The demo is loaded already.")
            return
        from health import demo, filling  # what simulates and reads files; a later start needs none of it
        from surveys import demo as community

        try:
            with one_clear_line():
                demo.load(clock=timezone.now, say=self.stderr.write)
                community.load(clock=timezone.now, say=self.stderr.write)
        except filling.FillingError as error:
            raise CommandError(str(error)) from error
        self.stderr.write("The demo is loaded; `manage.py demo_logins` lists who can sign in.")
