from urllib.parse import parse_qs

from django.db import connections, migrations, models

from accounts.segments import short


def read_queries(apps, schema_editor):
    """What segments kept as addresses becomes filters. One workspace after the other: row policies hold here too."""
    alias = schema_editor.connection.alias
    segments = apps.get_model("accounts", "SavedSegment")._base_manager.using(alias)
    definitions = apps.get_model("accounts", "AttributeDefinition")._base_manager.using(alias)
    workspaces = apps.get_model("accounts", "Workspace")._base_manager.using(alias)
    for workspace_id in list(workspaces.values_list("pk", flat=True)):
        _enter(alias, str(workspace_id))
        keys = list(definitions.filter(workspace_id=workspace_id).values_list("key", flat=True))
        rows = list(segments.filter(workspace_id=workspace_id))
        for row in rows:
            told = parse_qs(row.query)
            changed = segments.filter(pk=row.pk).update(
                definition=short.document(told, keys), sort="".join(told.get("sort", [])[-1:])[:20]
            )
            assert changed == 1, f"The row policy hid segment {row.pk}."
    _enter(alias, "")


def _enter(alias, workspace):
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT set_config('app.workspace', %s, true)", [workspace])


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0015_webhooks"),
    ]

    operations = [
        migrations.AddField(
            model_name="savedsegment", name="definition", field=models.JSONField(blank=True, default=dict)
        ),
        migrations.AddField(
            model_name="savedsegment", name="sort", field=models.CharField(blank=True, default="", max_length=20)
        ),
        migrations.AddField(model_name="savedsegment", name="version", field=models.PositiveIntegerField(default=1)),
        migrations.RunPython(read_queries, migrations.RunPython.noop),
        # With a default, so that going back finds something to fill the column with.
        migrations.AlterField(
            model_name="savedsegment", name="query", field=models.CharField(default="", max_length=2000)
        ),
        migrations.RemoveField(model_name="savedsegment", name="query"),
    ]
