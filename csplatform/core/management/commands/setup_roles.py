"""``setup_roles [--apply]``: the roles cs_owner, cs_app and cs_backup on an outside PostgreSQL."""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import unquote, urlsplit

import psycopg2
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db.utils import DEFAULT_DB_ALIAS

from csplatform.core import database_roles
from csplatform.core.database_roles import Plan
from csplatform.core.routers import OWNER


class Command(BaseCommand):
    help = (
        "Prints the SQL that makes the database and its three roles, with names and passwords from DATABASE_URL and "
        "DATABASE_OWNER_URL (as SCRAM verifiers). With --apply, runs it as the superuser of DATABASE_ADMIN_URL."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--apply", action="store_true", help="run the SQL instead of printing it")
        parser.add_argument(
            "--admin-url-env",
            default="DATABASE_ADMIN_URL",
            metavar="NAME",
            help="environment variable with a superuser's URL, for --apply (default %(default)s)",
        )
        parser.add_argument("--backup-role", default="cs_backup", metavar="ROLE")
        parser.add_argument(
            "--backup-password-env",
            default="DATABASE_BACKUP_PASSWORD",
            metavar="NAME",
            help="environment variable with the backup role's password; unset leaves it as it is (default %(default)s)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        plan = self._plan(options)
        try:
            if options["apply"]:
                self._apply(plan, options["admin_url_env"])
            else:
                self.stdout.write(database_roles.render(plan))
        except ValueError as error:
            raise CommandError(f"{error}. Nothing was changed.") from error

    def _plan(self, options: dict[str, Any]) -> Plan:
        databases: dict[str, Any] = settings.DATABASES
        app, owner = databases[DEFAULT_DB_ALIAS], databases[OWNER]
        if app["USER"] == owner["USER"]:
            raise CommandError(
                "DATABASE_URL and DATABASE_OWNER_URL name the same role: give the app one that owns nothing."
            )
        return Plan(
            database=app["NAME"],
            owner=owner["USER"],
            owner_password=owner["PASSWORD"],
            app=app["USER"],
            app_password=app["PASSWORD"],
            backup=options["backup_role"],
            backup_password=os.environ.get(options["backup_password_env"], ""),
        )

    def _apply(self, plan: Plan, variable: str) -> None:
        url = os.environ.get(variable, "")
        if urlsplit(url).scheme not in ("postgres", "postgresql"):
            raise CommandError(f"{variable} is not set: expected a superuser's postgres:// URL to apply with.")
        try:
            self._run(url, "", database_roles.role_statements(plan))
            if self._missing(url, plan):
                self._run(url, "", [database_roles.create_database(plan)])
            self._run(url, plan.database, database_roles.database_statements(plan))
        except psycopg2.Error as error:
            raise CommandError(f"PostgreSQL refused: {' '.join(str(error).split())}") from error
        self.stderr.write(f"Roles {plan.owner}, {plan.app} and {plan.backup} are ready on database {plan.database}.")

    def _missing(self, url: str, plan: Plan) -> bool:
        with _session(url, "") as session, session.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [plan.database])
            return cursor.fetchone() is None

    def _run(self, url: str, database: str, statements: list[str]) -> None:
        session = _session(url, database)
        session.autocommit = True
        try:
            with session.cursor() as cursor:
                for statement in statements:
                    cursor.execute(statement)
        finally:
            session.close()


def _session(url: str, database: str) -> Any:
    parts = urlsplit(url)
    name = database or unquote(parts.path.lstrip("/")) or "postgres"
    return psycopg2.connect(url, dbname=name, connect_timeout=5)
