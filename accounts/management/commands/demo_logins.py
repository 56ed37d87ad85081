"""Who can sign in to the demo workspaces."""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from accounts.selectors import demo


class Command(BaseCommand):
    help = "Prints the e-mail addresses, roles and the password of the demo workspaces."
    requires_system_checks = ()

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        logins = demo.logins(password=settings.DEMO_PASSWORD)
        if not logins:
            raise CommandError("There is no demo workspace; `manage.py load_demo` makes it.")
        if options["json"]:
            self.stdout.write(json.dumps([login._asdict() for login in logins]))
            return
        wide = max(len(login.email) for login in logins)
        for login in logins:
            secret = login.password or "(its own password)"
            self.stdout.write(f"{login.email:<{wide}}  {secret}  {login.workspace}: {login.role}")
