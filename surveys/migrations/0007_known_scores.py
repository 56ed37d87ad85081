"""What was known of customers' scores, from when: kept by a trigger, and for the answers that are there already."""

import django.db.models.deletion
from django.db import migrations, models

from csplatform.core.rls import EnableRowSecurity

_COLUMNS = "workspace_id, response_id, customer_id, person, kind, score, occurred_at, known_at, recorded_at"

# A person keeps the identity of the first version when the contact is gone. An answer that is inserted as removed was
# known until then. A score that nobody dates is known from the moment it is stored.
KEEP_SCORE = f"""
CREATE FUNCTION surveys_keep_score() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  said smallint := CASE WHEN NEW.status = 'removed' THEN NULL ELSE NEW.score END;
  known timestamptz := greatest(NEW.known_at, NEW.changed_at);
  kind text := (SELECT s.kind FROM surveys_survey s WHERE s.id = NEW.survey_id);
  who uuid := coalesce(NEW.contact_id, NEW.id);
BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO surveys_scoreversion ({_COLUMNS}) VALUES
      (NEW.workspace_id, NEW.id, NEW.customer_id, who, kind, NEW.score, NEW.occurred_at, known, clock_timestamp());
    IF said IS NOT NULL THEN
      RETURN NULL;
    END IF;
    known := NEW.removed_at;
  ELSE
    IF said IS NOT DISTINCT FROM (CASE WHEN OLD.status = 'removed' THEN NULL ELSE OLD.score END) THEN
      RETURN NULL;
    END IF;
    who := coalesce((SELECT v.person FROM surveys_scoreversion v WHERE v.response_id = NEW.id ORDER BY v.id LIMIT 1),
                    who);
    known := CASE WHEN NEW.status = 'removed' THEN NEW.removed_at
                  WHEN OLD.status = 'removed' THEN NEW.restored_at ELSE NEW.changed_at END;
  END IF;
  INSERT INTO surveys_scoreversion ({_COLUMNS}) VALUES
    (NEW.workspace_id, NEW.id, NEW.customer_id, who, kind, said, NEW.occurred_at,
     coalesce(known, clock_timestamp()), clock_timestamp());
  RETURN NULL;
END $$;
CREATE TRIGGER keep_score_given AFTER INSERT ON surveys_response FOR EACH ROW
  WHEN (NEW.customer_id IS NOT NULL AND NEW.score IS NOT NULL AND NOT NEW.is_test)
  EXECUTE FUNCTION surveys_keep_score();
CREATE TRIGGER keep_score_changed AFTER UPDATE OF score, status ON surveys_response FOR EACH ROW
  WHEN (NEW.customer_id IS NOT NULL AND NOT NEW.is_test
        AND (OLD.score, OLD.status) IS DISTINCT FROM (NEW.score, NEW.status))
  EXECUTE FUNCTION surveys_keep_score();
"""

DROP_SCORE = """
DROP TRIGGER keep_score_given ON surveys_response;
DROP TRIGGER keep_score_changed ON surveys_response;
DROP FUNCTION surveys_keep_score();
"""

# What an answer said before it was changed was not kept until now. The row policies hold for the owner too, hence one
# workspace after the other.
FILL = f"""
DO $$
DECLARE tenant uuid;
BEGIN
  FOR tenant IN SELECT id FROM accounts_workspace LOOP
    PERFORM set_config('app.workspace', tenant::text, true);
    INSERT INTO surveys_scoreversion ({_COLUMNS})
    SELECT r.workspace_id, r.id, r.customer_id, coalesce(r.contact_id, r.id), s.kind, told.score, r.occurred_at,
           told.known, told.known
    FROM surveys_response r
    JOIN surveys_survey s ON s.id = r.survey_id
    JOIN LATERAL (VALUES (1, r.score, greatest(r.known_at, r.changed_at)), (2, NULL, r.removed_at))
      AS told (place, score, known) ON told.known IS NOT NULL
    WHERE r.customer_id IS NOT NULL AND r.score IS NOT NULL AND NOT r.is_test
    ORDER BY r.occurred_at, r.id, told.place;
  END LOOP;
  PERFORM set_config('app.workspace', '', true);
END $$;
SET CONSTRAINTS ALL IMMEDIATE;
SET CONSTRAINTS ALL DEFERRED;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0014_customer_health_apart"),
        ("surveys", "0006_opt_in_requests"),
    ]

    operations = [
        migrations.AddField(
            model_name="response",
            name="restored_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.CreateModel(
            name="ScoreVersion",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("person", models.UUIDField()),
                ("kind", models.CharField(max_length=4)),
                ("score", models.PositiveSmallIntegerField(null=True)),
                ("occurred_at", models.DateTimeField()),
                ("known_at", models.DateTimeField()),
                ("recorded_at", models.DateTimeField()),
                (
                    "customer",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.customer",
                    ),
                ),
                (
                    "response",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="score_versions",
                        to="surveys.response",
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.workspace",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        fields=["workspace", "customer", "kind", "occurred_at"], name="survey_score_of_customer"
                    )
                ],
            },
        ),
        EnableRowSecurity("ScoreVersion"),
        migrations.RunSQL(KEEP_SCORE, DROP_SCORE),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]
