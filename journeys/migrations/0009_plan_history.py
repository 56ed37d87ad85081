"""What the success plan must remember to be rebuilt for any day, and the plan as shared with the customer."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

import csplatform.core.ids
from csplatform.core.rls import EnableRowSecurity


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0014_customer_health_apart"),
        ("journeys", "0008_default_relays"),
    ]

    operations = [
        migrations.AddField(
            model_name="measurement",
            name="reason",
            field=models.CharField(blank=True, default="", max_length=500),
        ),
        migrations.AddField(
            model_name="measurement",
            name="withdrawn_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="outcomeversion",
            name="settlement",
            field=models.CharField(
                blank=True,
                choices=[
                    ("", "Open"),
                    ("met", "Met, by name"),
                    ("missed", "Missed, by name"),
                    ("waived", "Waived, by name"),
                    ("dropped", "No longer wanted"),
                ],
                default="",
                max_length=8,
            ),
        ),
        migrations.AddField(
            model_name="win",
            name="by_rule",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="win",
            name="celebrated_by_label",
            field=models.CharField(blank=True, default="", max_length=200),
        ),
        migrations.AddField(
            model_name="win",
            name="known_at",
            field=models.DateTimeField(default=django.utils.timezone.now),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="win",
            name="version",
            field=models.PositiveIntegerField(default=1),
        ),
        migrations.CreateModel(
            name="PlanLink",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=csplatform.core.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("made_for", models.CharField(max_length=200)),
                ("expires_on", models.DateField()),
                ("revoked_at", models.DateTimeField(blank=True, null=True)),
                ("revoked_by_label", models.CharField(blank=True, default="", max_length=200)),
                ("opened", models.PositiveIntegerField(default=0)),
                ("last_opened_at", models.DateTimeField(blank=True, null=True)),
                ("created_at", models.DateTimeField()),
                ("created_by_label", models.CharField(max_length=200)),
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
                    "workspace",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.workspace",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="PlanComment",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=csplatform.core.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("author", models.CharField(max_length=200)),
                ("text", models.TextField()),
                ("is_ours", models.BooleanField(default=False)),
                ("written_at", models.DateTimeField()),
                ("read_at", models.DateTimeField(blank=True, null=True)),
                (
                    "customer",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="plan_comments",
                        to="accounts.customer",
                    ),
                ),
                (
                    "outcome",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="comments",
                        to="journeys.outcome",
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
                (
                    "link",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="journeys.planlink",
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="planlink",
            index=models.Index(fields=["workspace", "customer", "id"], name="plan_link_of_customer"),
        ),
        migrations.AddIndex(
            model_name="plancomment",
            index=models.Index(fields=["workspace", "customer", "id"], name="plan_comment_of_customer"),
        ),
        EnableRowSecurity("PlanLink", "PlanComment"),
    ]
