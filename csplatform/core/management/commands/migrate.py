"""``migrate`` as the owner's role by default: the app's role may not change tables."""

from typing import Any

from django.core.management.commands.migrate import Command as MigrateCommand

from csplatform.core.routers import OWNER


class Command(MigrateCommand):
    def add_arguments(self, parser: Any) -> None:
        super().add_arguments(parser)
        parser.set_defaults(database=OWNER)
