"""What was known of engagements, kept by triggers: scores of past days are rebuilt from it."""

import django.db.models.deletion
from django.db import migrations, models

from csplatform.core.rls import EnableRowSecurity

_COLUMNS = (
    "workspace_id, engagement_id, customer_id, occurred_at, direction, channel, sentiment, took_part, known_at, "
    "recorded_at"
)

FILL = f"""
DO $$
DECLARE place uuid;
BEGIN
  FOR place IN SELECT id FROM accounts_workspace LOOP
    PERFORM set_config('app.workspace', place::text, true);
    INSERT INTO journeys_engagementversion ({_COLUMNS})
    SELECT told.workspace_id, told.id, link.customer_id, told.occurred_at, told.direction, told.channel,
           told.sentiment, true, told.known_at, told.recorded_at
    FROM journeys_engagement told JOIN journeys_engagementcustomer link ON link.engagement_id = told.id
    WHERE told.workspace_id = place;
  END LOOP;
  PERFORM set_config('app.workspace', '', true);
END $$;
"""

# A correction writes the engagement before its links, and so gives every version of it one date.
TRIGGERS = f"""
CREATE FUNCTION journeys_keep_engagement_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (OLD.occurred_at, OLD.direction, OLD.channel, OLD.sentiment)
       IS NOT DISTINCT FROM (NEW.occurred_at, NEW.direction, NEW.channel, NEW.sentiment) THEN
    RETURN NULL;
  END IF;
  INSERT INTO journeys_engagementversion ({_COLUMNS})
  SELECT NEW.workspace_id, NEW.id, link.customer_id, NEW.occurred_at, NEW.direction, NEW.channel,
         NEW.sentiment, true, NEW.known_at, clock_timestamp()
  FROM journeys_engagementcustomer link WHERE link.engagement_id = NEW.id;
  RETURN NULL;
END $$;
CREATE TRIGGER keep_version AFTER UPDATE ON journeys_engagement
  FOR EACH ROW EXECUTE FUNCTION journeys_keep_engagement_version();

CREATE FUNCTION journeys_keep_engagement_party() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE party journeys_engagementcustomer;
BEGIN
  IF TG_OP = 'INSERT' THEN party := NEW; ELSE party := OLD; END IF;
  INSERT INTO journeys_engagementversion ({_COLUMNS})
  SELECT told.workspace_id, told.id, party.customer_id, told.occurred_at, told.direction, told.channel,
         told.sentiment, TG_OP = 'INSERT', told.known_at, clock_timestamp()
  FROM journeys_engagement told WHERE told.id = party.engagement_id;
  RETURN NULL;
END $$;
CREATE TRIGGER keep_version AFTER INSERT OR DELETE ON journeys_engagementcustomer
  FOR EACH ROW EXECUTE FUNCTION journeys_keep_engagement_party();
"""

UNDO = """
DROP TRIGGER keep_version ON journeys_engagement; DROP FUNCTION journeys_keep_engagement_version();
DROP TRIGGER keep_version ON journeys_engagementcustomer; DROP FUNCTION journeys_keep_engagement_party();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0017_renewals_and_webhook_mails"),
        ("journeys", "0021_adoption"),
    ]

    operations = [
        migrations.CreateModel(
            name="EngagementVersion",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("engagement_id", models.UUIDField()),
                ("customer_id", models.UUIDField()),
                ("took_part", models.BooleanField()),
                ("occurred_at", models.DateTimeField()),
                (
                    "direction",
                    models.CharField(
                        choices=[
                            ("vendor_to_customer", "We → customer"),
                            ("customer_to_vendor", "Customer → us"),
                            ("customer_to_customer", "Customer ↔ customer"),
                            ("customer_to_third_party", "Customer ↔ third party"),
                        ],
                        max_length=24,
                    ),
                ),
                (
                    "channel",
                    models.CharField(
                        choices=[
                            ("email", "E-mail"),
                            ("call", "Call"),
                            ("meeting", "Meeting"),
                            ("chat", "Chat"),
                            ("event", "Event"),
                            ("community", "Community"),
                            ("other", "Other"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "sentiment",
                    models.CharField(
                        blank=True,
                        choices=[("", "Not said"), ("positive", "Good"), ("neutral", "Neutral"), ("negative", "Bad")],
                        default="",
                        max_length=8,
                    ),
                ),
                ("known_at", models.DateTimeField()),
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
            options={
                "indexes": [
                    models.Index(
                        fields=["workspace", "customer_id", "engagement_id", "known_at"], name="engagement_version_cust"
                    )
                ],
            },
        ),
        EnableRowSecurity("EngagementVersion"),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.RunSQL(TRIGGERS, UNDO),
    ]
