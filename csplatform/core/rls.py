"""Row-level security as migration operations: the second wall between tenants."""

from __future__ import annotations

from typing import Any

from django.db.migrations.operations.base import Operation

# After a transaction the setting reads '' rather than null, hence nullif before the cast. In a SELECT of its own it is
# read once a statement; without, once a row, which makes a scan ten times as dear.
PREDICATE = "workspace_id = (SELECT nullif(current_setting('app.workspace', true), '')::uuid)"


def enable_sql(table: str) -> list[str]:
    """Statements that switch forced row-level security on for ``table`` (which must have ``workspace_id``)."""
    return [
        f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY',
        f'ALTER TABLE "{table}" FORCE ROW LEVEL SECURITY',
        f'DROP POLICY IF EXISTS tenant ON "{table}"',
        f'CREATE POLICY tenant ON "{table}" USING ({PREDICATE}) WITH CHECK ({PREDICATE})',
    ]


class EnableRowSecurity(Operation):
    """Forces the tenant policy on the tables of the named models of this migration's app."""

    reduces_to_sql = True
    reversible = True

    def __init__(self, *models: str) -> None:
        self.models = models

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return (self.__class__.__name__, list(self.models), {})

    def state_forwards(self, app_label: str, state: Any) -> None:
        """The policy is no part of the model state."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        for name in self.models:
            for statement in enable_sql(to_state.apps.get_model(app_label, name)._meta.db_table):
                schema_editor.execute(statement)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        for name in self.models:
            table = from_state.apps.get_model(app_label, name)._meta.db_table
            schema_editor.execute(f'DROP POLICY IF EXISTS tenant ON "{table}"')
            schema_editor.execute(f'ALTER TABLE "{table}" DISABLE ROW LEVEL SECURITY')

    def describe(self) -> str:
        return "Forces row-level security on " + ", ".join(self.models)
