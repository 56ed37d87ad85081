"""Why a figure was withdrawn stands apart from why it was corrected; and a KPI always has a way to go."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0016_segment_definitions"),
        ("journeys", "0015_stays"),
    ]

    operations = [
        migrations.AddField(
            model_name="measurement",
            name="withdrawn_reason",
            field=models.CharField(blank=True, default="", max_length=500),
        ),
        migrations.AddConstraint(
            model_name="kpiversion",
            constraint=models.CheckConstraint(
                condition=models.Q(("target", models.F("baseline")), _negated=True), name="kpi_has_a_way_to_go"
            ),
        ),
    ]
