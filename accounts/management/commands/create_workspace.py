"""``create_workspace SLUG --name N --owner-email E --owner-password P``: a new, empty workspace and its owner."""

from __future__ import annotations

import json
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from accounts.roles import Role
from accounts.services import people, workspaces
from csplatform.core import audit
from csplatform.core.commands import flatten, one_clear_line


class Command(BaseCommand):
    help = "Creates an empty workspace with the default stages, measures and scorecard, and its first owner."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("slug", help="its short name: small letters, digits and hyphens")
        parser.add_argument("--name", required=True, help="its name as people read it")
        parser.add_argument("--owner-email", required=True)
        parser.add_argument("--owner-password", required=True)
        parser.add_argument("--currency", default="EUR", help="three letters; it stays (default EUR)")
        parser.add_argument("--json", action="store_true", help="print what was created as one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["owner_password"].strip():
            raise CommandError("owner-password: may not be empty.")
        now = timezone.now()
        with one_clear_line(), transaction.atomic():
            owner = self._owner(options["owner_email"], options["owner_password"])
            workspace = workspaces.create_workspace(
                slug=options["slug"],
                name=options["name"],
                currency=options["currency"],
                now=now,
                actor=audit.SYSTEM,
            )
            workspaces.add_member(workspace=workspace, user=owner, role=Role.OWNER, now=now, actor=audit.SYSTEM)
        self.stderr.write(f"Created workspace {workspace.slug}; {owner.email} owns it.")
        created = {"id": str(workspace.pk), "slug": workspace.slug, "owner": owner.email}
        self.stdout.write(json.dumps(created) if options["json"] else workspace.slug)

    def _owner(self, email: str, password: str) -> User:
        existing = people.find_person(email)
        if existing is not None:
            self.stderr.write(f"{existing.email} has an account already: its password was left as it is.")
            return existing
        owner = people.create_person(email=email, password=password)
        try:
            validate_password(password, owner)
        except ValidationError as error:
            # The operator decides; the pages for people hold to the rules.
            self.stderr.write(f"Warning: a weak password. {flatten(error)}")
        return owner
