"""``create_api_key --workspace W --name N --scopes s1,s2``: prints the key once, alone on one line."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from accounts.selectors.workspaces import workspace_by_slug
from accounts.services import keys
from csplatform.core import audit
from csplatform.core.commands import one_clear_line


class Command(BaseCommand):
    help = "Creates an API key and prints it; it is stored as a digest only and cannot be shown again."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--workspace", required=True, metavar="SLUG")
        parser.add_argument("--name", required=True, help="what the key is for")
        parser.add_argument("--scopes", required=True, help=f"one or several of {','.join(keys.SCOPES)}")
        parser.add_argument("--json", action="store_true", help="print key, prefix and scopes as one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        scopes = [scope.strip() for scope in options["scopes"].split(",") if scope.strip()]
        with one_clear_line():
            workspace = workspace_by_slug(options["workspace"])
            key, plaintext = keys.create_key(
                workspace=workspace, name=options["name"], scopes=scopes, actor=audit.SYSTEM, now=timezone.now()
            )
        self.stderr.write(f"Created key {key.name!r} for {workspace.slug}. It will not be shown again.")
        answer = {"key": plaintext, "prefix": key.prefix, "scopes": key.scopes}
        self.stdout.write(json.dumps(answer) if options["json"] else plaintext)
