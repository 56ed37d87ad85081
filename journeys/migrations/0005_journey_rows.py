"""Row policies of the new tables, and what rows written before say in the new columns."""

from django.db import migrations

from csplatform.core.rls import EnableRowSecurity

FILL = """
DO $$
DECLARE place uuid;
BEGIN
    FOR place IN SELECT id FROM accounts_workspace LOOP
        PERFORM set_config('app.workspace', place::text, true);
        UPDATE journeys_move m SET number = told.number, from_stage_id = told.before
        FROM (
            SELECT id, row_number() OVER w AS number, lag(stage_id) OVER w AS before
            FROM journeys_move WINDOW w AS (PARTITION BY customer_id ORDER BY id)
        ) told WHERE told.id = m.id;
        UPDATE journeys_stage SET department = CASE
            WHEN macro IN ('awareness', 'consideration') THEN 'marketing'
            WHEN macro IN ('trial', 'decision') THEN 'sales'
            ELSE 'customer_success' END;
    END LOOP;
    PERFORM set_config('app.workspace', '', true);
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("journeys", "0004_journey_core")]

    operations = [
        EnableRowSecurity(
            "StageCriterion",
            "Lap",
            "RelayTemplate",
            "RelayTemplateItem",
            "Relay",
            "RelayItem",
            "Outcome",
            "OutcomeVersion",
            "Kpi",
            "KpiVersion",
            "Measurement",
            "Win",
            "Task",
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]
