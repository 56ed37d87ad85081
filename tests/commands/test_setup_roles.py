"""The roles that keep tenants apart on an outside PostgreSQL."""

from __future__ import annotations

import base64
import hashlib
import hmac
from io import StringIO

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from csplatform.core import database_roles
from csplatform.core.database_roles import Plan

PLAN = Plan(database="vendor", owner="cs_owner", owner_password="o'ne", app="cs_app", app_password="two")


def test_no_role_of_the_product_may_see_past_row_security_but_the_backup() -> None:
    alter = {s.split('"')[1]: s for s in database_roles.role_statements(PLAN) if s.startswith("ALTER ROLE")}
    assert " NOBYPASSRLS" in alter["cs_owner"]
    assert " NOBYPASSRLS" in alter["cs_app"]
    assert " BYPASSRLS" in alter["cs_backup"]
    assert all(" NOSUPERUSER " in statement for statement in alter.values())


def test_passwords_are_printed_as_verifiers_only() -> None:
    script = database_roles.render(PLAN)
    assert "o'ne" not in script
    assert "o''ne" not in script
    assert script.count("SCRAM-SHA-256$4096:") == 2


def test_the_verifier_is_what_rfc_5803_describes() -> None:
    verifier = database_roles.scram_verifier("pencil")
    head, keys = verifier.removeprefix("SCRAM-SHA-256$4096:").split("$")
    stored, server = (base64.b64decode(part) for part in keys.split(":"))
    salted = hashlib.pbkdf2_hmac("sha256", b"pencil", base64.b64decode(head), 4096)
    assert stored == hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    assert server == hmac.digest(salted, b"Server Key", "sha256")


def test_names_cannot_break_out_of_the_script() -> None:
    assert database_roles.identifier('a"; DROP') == '"a""; DROP"'
    assert database_roles.literal("a'; DROP") == "'a''; DROP'"


def test_the_command_prints_names_of_the_configured_urls() -> None:
    out = StringIO()
    call_command("setup_roles", stdout=out)
    for alias in settings.DATABASES:
        assert f'"{settings.DATABASES[alias]["USER"]}"' in out.getvalue()


def test_applying_without_an_admin_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_ADMIN_URL", raising=False)
    with pytest.raises(CommandError, match="DATABASE_ADMIN_URL is not set"):
        call_command("setup_roles", "--apply")
