"""From when new use of people was known, and which names of events were ever seen."""

import datetime

import django.db.models.deletion
from django.db import migrations, models

from csplatform.core.rls import EnableRowSecurity

FILL = """
DO $$
DECLARE place uuid;
BEGIN
  FOR place IN SELECT id FROM accounts_workspace LOOP
    PERFORM set_config('app.workspace', place::text, true);
    INSERT INTO health_seenname (workspace_id, name, first_day, known_on, recorded_at)
    SELECT place, name, min(occurred_at AT TIME ZONE 'UTC')::date,
           min(greatest(occurred_at, known_at) AT TIME ZONE 'UTC')::date, min(recorded_at)
    FROM health_event WHERE workspace_id = place AND customer_id IS NOT NULL GROUP BY name;
  END LOOP;
  PERFORM set_config('app.workspace', '', true);
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0019_attribute_versions"),
        ("health", "0017_sender_outages"),
    ]

    operations = [
        migrations.AddField(
            "adoptionmark",
            "known_from",
            models.DateField(db_default=datetime.date.max, default=datetime.date.max),
        ),
        migrations.AddField("healthsnapshot", "grace_days", models.PositiveSmallIntegerField(null=True)),
        migrations.AddField("healthsnapshot", "data_through", models.DateField(null=True)),
        migrations.AddField("latearrival", "is_known_late", models.BooleanField(db_default=True, default=True)),
        migrations.CreateModel(
            name="SeenName",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("name", models.TextField()),
                ("first_day", models.DateField()),
                ("known_on", models.DateField()),
                ("recorded_at", models.DateTimeField()),
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
            options={"indexes": [models.Index(fields=["workspace", "name", "known_on"], name="seen_name")]},
        ),
        EnableRowSecurity("SeenName"),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]
