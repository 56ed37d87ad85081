import django.db.models.deletion
from django.db import migrations, models

from csplatform.core.rls import EnableRowSecurity

# Every row is rewritten each night: with room beside each, most stay on their page.
KEEP_ROOM = "ALTER TABLE accounts_customerhealth SET (fillfactor = 50);"

# One statement for however many customers were inserted at once.
KEEP_HEALTH = """
CREATE FUNCTION accounts_keep_health() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO accounts_customerhealth (customer_id, workspace_id) SELECT id, workspace_id FROM made;
  RETURN NULL;
END $$;
CREATE TRIGGER keep_health AFTER INSERT ON accounts_customer REFERENCING NEW TABLE AS made
  FOR EACH STATEMENT EXECUTE FUNCTION accounts_keep_health();
"""

DROP_HEALTH = "DROP TRIGGER keep_health ON accounts_customer; DROP FUNCTION accounts_keep_health();"

# The row policies hold for the owner too, hence one workspace after the other. Foreign keys are checked at once,
# because a table with checks pending cannot be altered.
_FOR_EACH_WORKSPACE = """
DO $$
DECLARE tenant uuid;
BEGIN
  FOR tenant IN SELECT id FROM accounts_workspace LOOP
    PERFORM set_config('app.workspace', tenant::text, true);
    {statement};
  END LOOP;
  PERFORM set_config('app.workspace', '', true);
END $$;
SET CONSTRAINTS ALL IMMEDIATE;
SET CONSTRAINTS ALL DEFERRED;
"""

FILL = _FOR_EACH_WORKSPACE.format(
    statement="""
    INSERT INTO accounts_customerhealth (customer_id, workspace_id, points, band, change, coverage, churn_risk,
      churn_risk_low, churn_risk_high, last_event_at)
    SELECT id, workspace_id, health_points, health_band, health_change, coverage, churn_risk, churn_risk_low,
      churn_risk_high, last_event_at FROM accounts_customer"""
)

FILL_BACK = _FOR_EACH_WORKSPACE.format(
    statement="""
    UPDATE accounts_customer c SET health_points = h.points, health_band = h.band, health_change = h.change,
      coverage = h.coverage, churn_risk = h.churn_risk, churn_risk_low = h.churn_risk_low,
      churn_risk_high = h.churn_risk_high, last_event_at = h.last_event_at
    FROM accounts_customerhealth h WHERE h.customer_id = c.id"""
)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0013_versions_outlive_their_records"),
    ]

    operations = [
        migrations.CreateModel(
            name="CustomerHealth",
            fields=[
                (
                    "customer",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="health",
                        serialize=False,
                        to="accounts.customer",
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
                ("points", models.IntegerField(null=True)),
                (
                    "band",
                    models.CharField(
                        choices=[
                            ("healthy", "Healthy"),
                            ("watch", "Watch"),
                            ("at_risk", "At risk"),
                            ("unknown", "Unknown"),
                            ("not_applicable", "Not applicable"),
                        ],
                        db_default="not_applicable",
                        default="not_applicable",
                        max_length=14,
                    ),
                ),
                ("change", models.IntegerField(null=True)),
                ("coverage", models.PositiveSmallIntegerField(null=True)),
                ("churn_risk", models.IntegerField(null=True)),
                ("churn_risk_low", models.IntegerField(null=True)),
                ("churn_risk_high", models.IntegerField(null=True)),
                ("last_event_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.AddIndex(
            model_name="customerhealth",
            index=models.Index(fields=["workspace", "points", "customer"], name="health_by_points"),
        ),
        migrations.AddIndex(
            model_name="customerhealth",
            index=models.Index(fields=["workspace", "change", "customer"], name="health_by_change"),
        ),
        migrations.AddIndex(
            model_name="customerhealth",
            index=models.Index(fields=["workspace", "churn_risk", "customer"], name="health_by_churn_risk"),
        ),
        migrations.AddIndex(
            model_name="customerhealth",
            index=models.Index(fields=["workspace", "band", "customer"], name="health_in_band"),
        ),
        EnableRowSecurity("CustomerHealth"),
        migrations.RunSQL(KEEP_ROOM, migrations.RunSQL.noop),
        migrations.RunSQL(KEEP_HEALTH, DROP_HEALTH),
        migrations.RunSQL(FILL, FILL_BACK),
        migrations.RemoveIndex(
            model_name="customer",
            name="customer_by_health",
        ),
        migrations.RemoveIndex(
            model_name="customer",
            name="customer_by_change",
        ),
        migrations.RemoveIndex(
            model_name="customer",
            name="customer_by_churn_risk",
        ),
        migrations.RemoveIndex(
            model_name="customer",
            name="customer_in_band",
        ),
        migrations.RemoveField(
            model_name="customer",
            name="churn_risk",
        ),
        migrations.RemoveField(
            model_name="customer",
            name="churn_risk_high",
        ),
        migrations.RemoveField(
            model_name="customer",
            name="churn_risk_low",
        ),
        migrations.RemoveField(
            model_name="customer",
            name="coverage",
        ),
        migrations.RemoveField(
            model_name="customer",
            name="health_band",
        ),
        migrations.RemoveField(
            model_name="customer",
            name="health_change",
        ),
        migrations.RemoveField(
            model_name="customer",
            name="health_points",
        ),
        migrations.RemoveField(
            model_name="customer",
            name="last_event_at",
        ),
    ]
