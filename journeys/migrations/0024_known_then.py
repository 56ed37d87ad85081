"""What was known of handovers, of who took part in conversations and of people's states: scores of past days need it."""

import django.db.models.deletion
from django.db import migrations, models

from csplatform.core.rls import EnableRowSecurity
from csplatform.core.versions import keep_versions

RELAYS = keep_versions(
    "journeys_relay",
    "journeys_relayversion",
    "relay_id",
    ["customer_id", "state", "offered_at", "due_at", "decided_at"],
)

FILL = """
DO $$
DECLARE place uuid;
BEGIN
  FOR place IN SELECT id FROM accounts_workspace LOOP
    PERFORM set_config('app.workspace', place::text, true);
    INSERT INTO journeys_relayversion
      (workspace_id, relay_id, customer_id, state, offered_at, due_at, decided_at, known_at, recorded_at)
    SELECT workspace_id, id, customer_id, state, offered_at, due_at, decided_at, known_at, recorded_at
    FROM journeys_relay WHERE workspace_id = place;
    INSERT INTO journeys_engagementcontactversion
      (workspace_id, engagement_id, contact_id, took_part, known_at, recorded_at)
    SELECT told.workspace_id, told.id, link.contact_id, true, told.known_at, told.recorded_at
    FROM journeys_engagement told JOIN journeys_engagementcontact link ON link.engagement_id = told.id
    WHERE told.workspace_id = place;
  END LOOP;
  PERFORM set_config('app.workspace', '', true);
END $$;
"""

# Who is taken out by a correction is dated by it: the correction writes that version itself.
PEOPLE = """
CREATE FUNCTION journeys_keep_engagement_contact() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO journeys_engagementcontactversion
    (workspace_id, engagement_id, contact_id, took_part, known_at, recorded_at)
  SELECT told.workspace_id, told.id, NEW.contact_id, true, told.known_at, clock_timestamp()
  FROM journeys_engagement told WHERE told.id = NEW.engagement_id;
  RETURN NULL;
END $$;
CREATE TRIGGER keep_version AFTER INSERT ON journeys_engagementcontact
  FOR EACH ROW EXECUTE FUNCTION journeys_keep_engagement_contact();
"""
NO_PEOPLE = """
DROP TRIGGER keep_version ON journeys_engagementcontact; DROP FUNCTION journeys_keep_engagement_contact();
"""

# A long file is told with one date of telling: what orders the records is when each was stored.
_STAMPED = ("journeys_outcomeversion", "journeys_kpiversion", "journeys_measurement", "journeys_adoptionchange")
STAMPS = """
CREATE FUNCTION journeys_stamp_recorded() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.recorded_at := clock_timestamp();
  RETURN NEW;
END $$;
""" + "".join(
    f"CREATE TRIGGER stamp_recorded BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION journeys_stamp_recorded();\n"
    for table in _STAMPED
)
NO_STAMPS = (
    "".join(f"DROP TRIGGER stamp_recorded ON {table};\n" for table in _STAMPED)
    + "DROP FUNCTION journeys_stamp_recorded();"
)


def _workspace() -> models.ForeignKey:
    return models.ForeignKey(
        db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="accounts.workspace"
    )


_STATES = [
    ("invited", "Invited"),
    ("first_use", "First use"),
    ("activated", "Activated"),
    ("habitual", "Habitual"),
    ("lapsed", "Lapsed"),
]


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0019_attribute_versions"),
        ("journeys", "0023_tickets"),
    ]

    operations = [
        migrations.AddField("adoptionchange", "known_on", models.DateField(blank=True, null=True)),
        migrations.CreateModel(
            name="AdoptionVersion",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("contact_id", models.UUIDField()),
                ("customer_id", models.UUIDField()),
                ("day", models.DateField()),
                ("state", models.CharField(choices=_STATES, max_length=9)),
                ("known_on", models.DateField()),
                ("known_until", models.DateField()),
                ("recorded_at", models.DateTimeField()),
                ("closed_at", models.DateTimeField()),
                ("workspace", _workspace()),
            ],
            options={
                "indexes": [
                    models.Index(fields=["workspace", "customer_id", "day"], name="adoption_version_of_customer")
                ],
            },
        ),
        migrations.CreateModel(
            name="EngagementContactVersion",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("engagement_id", models.UUIDField()),
                ("contact_id", models.UUIDField()),
                ("took_part", models.BooleanField()),
                ("known_at", models.DateTimeField()),
                ("recorded_at", models.DateTimeField()),
                ("workspace", _workspace()),
            ],
            options={
                "indexes": [
                    models.Index(
                        fields=["workspace", "contact_id", "engagement_id"], name="engagement_contact_version"
                    ),
                    models.Index(fields=["workspace", "engagement_id"], name="engagement_contact_of_version"),
                ],
            },
        ),
        migrations.CreateModel(
            name="RelayVersion",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("relay_id", models.UUIDField()),
                ("customer_id", models.UUIDField(null=True)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("offered", "Waiting"),
                            ("accepted", "Accepted"),
                            ("declined", "Declined"),
                            ("withdrawn", "Withdrawn"),
                        ],
                        max_length=10,
                    ),
                ),
                ("offered_at", models.DateTimeField()),
                ("due_at", models.DateTimeField()),
                ("decided_at", models.DateTimeField(null=True)),
                ("known_at", models.DateTimeField()),
                ("recorded_at", models.DateTimeField()),
                ("workspace", _workspace()),
            ],
            options={
                "indexes": [
                    models.Index(fields=["workspace", "relay_id", "known_at"], name="relay_version_of"),
                    models.Index(fields=["workspace", "customer_id", "known_at"], name="relay_version_cust"),
                ],
            },
        ),
        EnableRowSecurity("AdoptionVersion", "EngagementContactVersion", "RelayVersion"),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.RunSQL(*RELAYS),
        migrations.RunSQL(PEOPLE, NO_PEOPLE),
        migrations.RunSQL(STAMPS, NO_STAMPS),
    ]
