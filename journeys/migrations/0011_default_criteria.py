"""What the default stages ask for and how long they are expected to last, where a workspace still has them."""

from typing import Any

from django.db import migrations

EXPECTED_DAYS = {
    "awareness": 60, "consideration": 45, "trial": 30, "decision": 45, "adoption": 90, "performance": 180,
    "transformation": 270,
}  # fmt: skip
EXIT_CRITERIA = [
    ("trial", "trial_criteria", {}),
    ("decision", "contract", {}),
    ("decision", "outcome_defined", {}),
    ("adoption", "adoption", {"percent": 50}),
    ("performance", "outcome_met", {}),
    ("performance", "win", {}),
]


def add_defaults(apps: Any, schema_editor: Any) -> None:
    """For workspaces that have set no criteria of their own."""
    alias = schema_editor.connection.alias
    workspaces = apps.get_model("accounts", "Workspace").objects.using(alias)
    stages = apps.get_model("journeys", "Stage").objects.using(alias)
    criteria = apps.get_model("journeys", "StageCriterion").objects.using(alias)
    with schema_editor.connection.cursor() as cursor:
        for workspace_id in workspaces.values_list("pk", flat=True):
            cursor.execute("SELECT set_config('app.workspace', %s, true)", [str(workspace_id)])
            if criteria.filter(workspace_id=workspace_id).exists():
                continue
            in_use = {stage.key: stage for stage in stages.filter(workspace_id=workspace_id, retired_at__isnull=True)}
            for position, (key, kind, params) in enumerate(EXIT_CRITERIA):
                if key in in_use:
                    criteria.create(
                        workspace_id=workspace_id, stage=in_use[key], side="exit", kind=kind, params=params,
                        position=position,
                    )  # fmt: skip
            for key, days in EXPECTED_DAYS.items():
                stages.filter(workspace_id=workspace_id, key=key, expected_days__isnull=True).update(expected_days=days)
        cursor.execute("SELECT set_config('app.workspace', '', true)")


class Migration(migrations.Migration):
    dependencies = [("journeys", "0010_laps_from_moves")]

    operations = [migrations.RunPython(add_defaults, migrations.RunPython.noop)]
