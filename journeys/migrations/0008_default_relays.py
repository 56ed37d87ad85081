"""Row policies of the calendar's tables, and the default handovers for workspaces that have none yet."""

from typing import Any

from django.db import migrations

from csplatform.core.rls import EnableRowSecurity

RELAYS = [
    (
        "consideration", "trial", "marketing", "sales", 3,
        [
            "Pain points and hoped-for gains are written down",
            "The people who decide are named",
            "Source and referrer are known",
        ],
    ),
    (
        "decision", "adoption", "sales", "customer_success", 2,
        [
            "Expected outcomes have KPIs with baseline, target and date",
            "Sponsor and management are behind it",
            "What was promised, and what was not, is written down",
            "Roles, tools and dates on the customer's side are known",
        ],
    ),
    (
        "transformation", "advocacy", "customer_success", "marketing", 5,
        [
            "The customer agrees to be asked",
            "Results that may be quoted are written down",
            "Who speaks for the customer is named",
        ],
    ),
]  # fmt: skip


def add_defaults(apps: Any, schema_editor: Any) -> None:
    """Between the last stage of one macro stage and the first of the other, where the workspace has both."""
    alias = schema_editor.connection.alias
    workspaces = apps.get_model("accounts", "Workspace").objects.using(alias)
    stages = apps.get_model("journeys", "Stage").objects.using(alias)
    templates = apps.get_model("journeys", "RelayTemplate").objects.using(alias)
    items = apps.get_model("journeys", "RelayTemplateItem").objects.using(alias)
    with schema_editor.connection.cursor() as cursor:
        for workspace_id in workspaces.values_list("pk", flat=True):
            cursor.execute("SELECT set_config('app.workspace', %s, true)", [str(workspace_id)])
            in_use = stages.filter(workspace_id=workspace_id, order__isnull=False).order_by("order")
            if templates.filter(workspace_id=workspace_id).exists():
                continue
            for leaves, enters, giver, taker, days, texts in RELAYS:
                before = in_use.filter(macro=leaves).last()
                after = in_use.filter(macro=enters).first()
                if before is None or after is None:
                    continue
                template = templates.create(
                    workspace_id=workspace_id, from_stage=before, to_stage=after, giver_department=giver,
                    taker_department=taker, due_working_days=days,
                )  # fmt: skip
                for position, text in enumerate(texts):
                    items.create(workspace_id=workspace_id, template=template, position=position, text=text)
        cursor.execute("SELECT set_config('app.workspace', '', true)")


class Migration(migrations.Migration):
    dependencies = [("journeys", "0007_working_days")]

    operations = [
        EnableRowSecurity("WorkCalendar", "Holiday"),
        migrations.RunPython(add_defaults, migrations.RunPython.noop),
    ]
