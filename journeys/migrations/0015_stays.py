"""How long each stay at a stage lasted, kept beside the move that ended it: the picture reads it without sorting moves."""

from django.db import migrations, models

FILL = """
DO $$
DECLARE place uuid;
BEGIN
    FOR place IN SELECT id FROM accounts_workspace LOOP
        PERFORM set_config('app.workspace', place::text, true);
        UPDATE journeys_move m SET stayed_days = m.occurred_on - before.occurred_on
        FROM journeys_move before
        WHERE before.customer_id = m.customer_id AND before.number = m.number - 1 AND before.stage_id = m.from_stage_id;
    END LOOP;
    PERFORM set_config('app.workspace', '', true);
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("journeys", "0014_engagements")]

    operations = [
        migrations.AddField("move", "stayed_days", models.IntegerField(editable=False, null=True)),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.RemoveIndex("move", "move_by_day"),
        migrations.AddIndex(
            "move",
            models.Index(
                fields=["workspace", "occurred_on"],
                include=["stage", "from_stage", "stayed_days", "kind"],
                name="move_by_day",
            ),
        ),
    ]
