"""How long each stay at a stage lasted, kept beside the move that ended it: the picture reads it without sorting moves."""

from django.db import migrations, models

KEEP_STAY = """
CREATE FUNCTION journeys_keep_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SELECT NEW.occurred_on - m.occurred_on INTO NEW.stayed_days
    FROM journeys_move m
    WHERE m.customer_id = NEW.customer_id AND m.number = NEW.number - 1 AND m.stage_id = NEW.from_stage_id;
    RETURN NEW;
END $$;
CREATE TRIGGER keep_stay BEFORE INSERT ON journeys_move FOR EACH ROW EXECUTE FUNCTION journeys_keep_stay();
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
FORGET_STAY = """
DROP TRIGGER keep_stay ON journeys_move;
DROP FUNCTION journeys_keep_stay();
"""


class Migration(migrations.Migration):
    dependencies = [("journeys", "0011_default_criteria")]

    operations = [
        migrations.AddField("move", "stayed_days", models.IntegerField(editable=False, null=True)),
        migrations.RemoveIndex("move", "move_by_day"),
        migrations.RunSQL(KEEP_STAY, FORGET_STAY),
        migrations.AddIndex(
            "move",
            models.Index(
                fields=["workspace", "occurred_on"],
                include=["stage", "from_stage", "stayed_days", "kind"],
                name="move_by_day",
            ),
        ),
    ]
