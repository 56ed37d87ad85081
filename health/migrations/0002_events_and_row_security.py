"""The partitioned event table (not expressible as a model), storage settings and row policies."""

from django.db import migrations

from csplatform.core.rls import EnableRowSecurity, enable_sql

EVENT_TABLE = """
CREATE TABLE health_event (
  workspace_id uuid NOT NULL,
  message_key uuid NOT NULL,
  customer_id uuid,
  contact_id uuid,
  customer_key text,
  contact_key text,
  name text NOT NULL,
  occurred_at timestamptz NOT NULL,
  known_at timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL,
  value double precision,
  properties jsonb
) PARTITION BY RANGE (occurred_at);
CREATE TABLE health_event_default PARTITION OF health_event DEFAULT;
CREATE INDEX health_event_of_customer ON health_event (workspace_id, customer_id, occurred_at);
CREATE INDEX health_event_waiting_customer ON health_event (workspace_id, customer_key) WHERE customer_id IS NULL;
CREATE INDEX health_event_waiting_contact ON health_event (workspace_id, contact_key) WHERE customer_id IS NULL;
"""

# Payloads are short-lived: compressing them would cost more than writing them.
STORAGE = """
ALTER TABLE health_inboxbatch ALTER COLUMN payload SET STORAGE EXTERNAL;
ALTER TABLE health_usagewindow SET (fillfactor = 70);
ALTER TABLE health_healthscore SET (fillfactor = 70);
"""


class Migration(migrations.Migration):
    dependencies = [("health", "0001_initial")]

    operations = [
        migrations.RunSQL(EVENT_TABLE, "DROP TABLE health_event"),
        migrations.RunSQL([*enable_sql("health_event"), *enable_sql("health_event_default")], migrations.RunSQL.noop),
        migrations.RunSQL(STORAGE, migrations.RunSQL.noop),
        EnableRowSecurity(
            "InboxBatch",
            "MessageKey",
            "RejectedMessage",
            "UsageWindow",
            "ContactSeen",
            "FeatureSeen",
            "Measure",
            "Scorecard",
            "ScorecardVersion",
            "HealthScore",
            "HealthSnapshot",
            "ScoringRun",
            "ScoringShard",
        ),
    ]
