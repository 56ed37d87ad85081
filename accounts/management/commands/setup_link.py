"""``setup_link``: the link to the page on which the first workspace and its owner are made."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.links import setup_link
from accounts.services import founding


class Command(BaseCommand):
    help = "Prints the link that makes the first workspace; it works for a day, while no person exists."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        if not founding.is_vacant():
            raise CommandError("People exist already. They invite others; `create_workspace` makes one more workspace.")
        self.stdout.write(setup_link(founding.new_key(timezone.now())))
