"""The second wall, looked at in the real database: every table with a workspace forces the tenant policy."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.db import connection

from csplatform.core.tenancy import workspace_scope
from tests.everything import make_everything, tenant_models
from tests.guards.allowed import GLOBAL_TABLES, NOT_IN_ADMINISTRATION, OUTSIDE_ROW_SECURITY

pytestmark = pytest.mark.django_db

_TABLES = """
SELECT c.relname, c.relrowsecurity AND c.relforcerowsecurity,
       EXISTS (SELECT FROM pg_attribute a
               WHERE a.attrelid = c.oid AND a.attname = 'workspace_id' AND NOT a.attisdropped),
       (SELECT array_agg(concat_ws('|', p.polname, p.polcmd, p.polpermissive, p.polroles = '{0}',
                                   pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)))
        FROM pg_policy p WHERE p.polrelid = c.oid)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p')
"""
_SETTING = "(NULLIF(current_setting('app.workspace'::text, true), ''::text))::uuid"
_PREDICATE = f'(workspace_id = ( SELECT {_SETTING} AS "nullif"))'
_POLICY = f"tenant|*|t|t|{_PREDICATE}|{_PREDICATE}"


def tables() -> dict[str, tuple[bool, bool, list[str] | None]]:
    """Table (partitions included) → whether row-level security is forced, has a workspace, its policies."""
    with connection.cursor() as cursor:
        cursor.execute(_TABLES)
        return {name: (forced, owned, policies) for name, forced, owned, policies in cursor.fetchall()}


def test_every_table_with_a_workspace_forces_the_policy() -> None:
    found = tables()
    owned = {name for name, (_, has_workspace, _) in found.items() if has_workspace}
    assert len(owned) > 20
    open_tables = {name for name in owned if found[name][0] is False or found[name][2] != [_POLICY]}
    assert open_tables == set(OUTSIDE_ROW_SECURITY)


def test_tables_without_a_workspace_are_known_with_their_reason() -> None:
    assert {name for name, (_, has_workspace, _) in tables().items() if not has_workspace} == set(GLOBAL_TABLES)


def test_no_view_and_no_function_goes_around_the_policies() -> None:
    """A view runs as its owner unless it is a security-invoker; a SECURITY DEFINER function runs as its owner."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('v', 'm')"
            " AND NOT coalesce(reloptions, '{}') @> '{security_invoker=true}'"
        )
        assert cursor.fetchall() == []
        cursor.execute("SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prosecdef")
        assert cursor.fetchall() == []


def test_a_stranger_sees_and_changes_nothing_by_raw_sql() -> None:
    theirs, _, rows = make_everything("theirs")
    ours, _, _ = make_everything("ours")
    guarded = [model for model in tenant_models() if model._meta.db_table not in OUTSIDE_ROW_SECURITY]
    assert {model._meta.db_table for model in rows} >= {model._meta.db_table for model in guarded}
    for model in guarded:
        table, key = model._meta.db_table, [str(theirs.pk)]
        with workspace_scope(theirs), connection.cursor() as cursor:
            cursor.execute(f'SELECT count(*) FROM "{table}" WHERE workspace_id = %s', key)
            assert cursor.fetchone()[0] > 0, f"{table}: no row to look for"
        for scope in (workspace_scope(ours), None):
            if scope is None:
                assert _touched(table, key) == (0, 0, 0), table
            else:
                with scope:
                    assert _touched(table, key) == (0, 0, 0), table


def _touched(table: str, key: list[str]) -> tuple[int, int, int]:
    """How many rows of the other workspace a SELECT, an UPDATE and a DELETE reach."""
    counts = []
    with connection.cursor() as cursor:
        for statement in (
            f'SELECT 1 FROM "{table}" WHERE workspace_id = %s',
            f'UPDATE "{table}" SET workspace_id = workspace_id WHERE workspace_id = %s',
            f'DELETE FROM "{table}" WHERE workspace_id = %s',
        ):
            cursor.execute(statement, key)
            counts.append(cursor.rowcount)
    return counts[0], counts[1], counts[2]


def test_every_tenant_model_is_in_the_administration_or_says_why_not() -> None:
    shown = {model._meta.label_lower for model in admin.site._registry}
    ours = {model._meta.label_lower for model in tenant_models()}
    assert ours - shown == set(NOT_IN_ADMINISTRATION)
