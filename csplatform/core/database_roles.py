"""The SQL that makes Boomerang's database roles on an outside PostgreSQL. Pure: it connects to nothing.

Three roles: the owner migrates and makes partitions, the app reads and writes rows under row-level security, the
backup role may read past it and nothing else. Passwords leave this module as SCRAM verifiers only, so neither a
terminal nor a server log ever shows one.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass

_ITERATIONS = 4096
_NEVER = "NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION"


@dataclass(frozen=True, slots=True)
class Plan:
    """Names and passwords of the roles, and the database they share. An empty password leaves the role's as it is."""

    database: str
    owner: str
    owner_password: str
    app: str
    app_password: str
    backup: str = "cs_backup"
    backup_password: str = ""


def role_statements(plan: Plan) -> list[str]:
    """Statements for the server, whatever database they run in; running them again changes nothing."""
    roles = (
        (plan.owner, plan.owner_password, "NOBYPASSRLS"),
        (plan.app, plan.app_password, "NOBYPASSRLS"),
        (plan.backup, plan.backup_password, "BYPASSRLS"),
    )
    statements = []
    for name, password, rights in roles:
        secret = f" PASSWORD {literal(scram_verifier(password))}" if password else ""
        statements.append(
            f"DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = {literal(name)}) "
            f"THEN CREATE ROLE {identifier(name)}; END IF; END $$"
        )
        statements.append(f"ALTER ROLE {identifier(name)} LOGIN {_NEVER} {rights}{secret}")
    return statements


def create_database(plan: Plan) -> str:
    """The statement that makes the database; run it only when the database is missing."""
    return (
        f"CREATE DATABASE {identifier(plan.database)} OWNER {identifier(plan.owner)} ENCODING 'UTF8' TEMPLATE template0"
    )


def database_statements(plan: Plan) -> list[str]:
    """Statements to run inside the database; running them again changes nothing."""
    database, owner, app, backup = (identifier(n) for n in (plan.database, plan.owner, plan.app, plan.backup))
    return [
        f"ALTER DATABASE {database} OWNER TO {owner}",
        f"REVOKE ALL ON DATABASE {database} FROM PUBLIC",
        f"GRANT CONNECT, TEMPORARY ON DATABASE {database} TO {app}",
        f"GRANT CONNECT ON DATABASE {database} TO {backup}",
        f"ALTER SCHEMA public OWNER TO {owner}",
        "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
        f"GRANT USAGE ON SCHEMA public TO {app}",
        f"GRANT pg_read_all_data TO {backup}",
    ]


def render(plan: Plan) -> str:
    """The whole as a script for psql, to be run by a superuser."""
    made = create_database(plan)
    exists = f"SELECT FROM pg_database WHERE datname = {literal(plan.database)}"
    return "\n".join(
        [
            "-- Roles and database of Boomerang. Run with psql as a superuser; running it again changes nothing.",
            "\\set ON_ERROR_STOP on",
            *(f"{statement};" for statement in role_statements(plan)),
            f"SELECT {literal(made)} WHERE NOT EXISTS ({exists}) \\gexec",
            f"\\connect {identifier(plan.database)}",
            *(f"{statement};" for statement in database_statements(plan)),
        ]
    )


def identifier(name: str) -> str:
    """``name`` quoted as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """``text`` quoted as an SQL string."""
    return "'" + text.replace("'", "''") + "'"


def scram_verifier(password: str) -> str:
    """What PostgreSQL keeps of a password under SCRAM-SHA-256 (RFC 5803).

    Raises ``ValueError`` for characters outside printable ASCII, where clients disagree on normal forms.
    """
    if not password.isascii() or not password.isprintable():
        raise ValueError("database passwords must be printable ASCII")
    salt = secrets.token_bytes(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, _ITERATIONS)
    client = hmac.digest(salted, b"Client Key", "sha256")
    server = hmac.digest(salted, b"Server Key", "sha256")
    stored = hashlib.sha256(client).digest()
    encoded = [base64.b64encode(part).decode() for part in (salt, stored, server)]
    return f"SCRAM-SHA-256${_ITERATIONS}:{encoded[0]}${encoded[1]}:{encoded[2]}"
