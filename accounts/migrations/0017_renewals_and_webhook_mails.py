import django.db.models.deletion
from django.db import migrations, models

import csplatform.core.ids
from csplatform.core.rls import EnableRowSecurity


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0016_segment_definitions"),
    ]

    operations = [
        migrations.AddField(
            model_name="webhookendpoint",
            name="mail_is_owed",
            field=models.BooleanField(default=False),
        ),
        migrations.CreateModel(
            name="RenewalNews",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=csplatform.core.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("renewal_on", models.DateField()),
                ("told_at", models.DateTimeField()),
                (
                    "subscription",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.subscription",
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
                "constraints": [
                    models.UniqueConstraint(fields=("subscription", "renewal_on"), name="renewal_told_once")
                ],
            },
        ),
        EnableRowSecurity("RenewalNews"),
    ]
