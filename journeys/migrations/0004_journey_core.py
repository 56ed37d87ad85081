"""Laps, relays, outcomes and tasks; moves know their number, their lap and where they came from."""

import django.db.models.deletion
from django.db import migrations, models

import csplatform.core.ids


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0014_customer_health_apart"),
        ("journeys", "0003_move_follows_contract"),
    ]

    operations = [
        migrations.CreateModel(
            name="Measurement",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=csplatform.core.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("external_id", models.CharField(blank=True, max_length=200, null=True)),
                ("value", models.DecimalField(decimal_places=4, max_digits=20)),
                ("measured_on", models.DateField()),
                ("note", models.CharField(blank=True, default="", max_length=500)),
                ("source", models.CharField(default="form", max_length=20)),
                ("known_at", models.DateTimeField()),
                ("recorded_at", models.DateTimeField()),
                ("actor_label", models.CharField(max_length=200)),
            ],
        ),
        migrations.CreateModel(
            name="Outcome",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=csplatform.core.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("external_id", models.CharField(max_length=200)),
                (
                    "kind",
                    models.CharField(
                        choices=[("outcome", "Expected outcome"), ("trial", "Trial criterion")],
                        default="outcome",
                        max_length=8,
                    ),
                ),
                (
                    "settlement",
                    models.CharField(
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
                ("settled_at", models.DateTimeField(blank=True, null=True)),
                ("settled_by_label", models.CharField(blank=True, default="", max_length=200)),
                ("settled_reason", models.CharField(blank=True, default="", max_length=500)),
                ("created_at", models.DateTimeField()),
                ("updated_at", models.DateTimeField()),
                ("version", models.PositiveIntegerField(default=1)),
            ],
        ),
        migrations.CreateModel(
            name="OutcomeVersion",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=csplatform.core.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("number", models.PositiveSmallIntegerField()),
                ("statement", models.CharField(max_length=500)),
                ("due_on", models.DateField(blank=True, null=True)),
                (
                    "confidence",
                    models.CharField(
                        blank=True,
                        choices=[("", "Not said"), ("high", "High"), ("medium", "Medium"), ("low", "Low")],
                        default="",
                        max_length=6,
                    ),
                ),
                ("reason", models.CharField(blank=True, default="", max_length=500)),
                ("effective_on", models.DateField()),
                ("known_at", models.DateTimeField()),
                ("recorded_at", models.DateTimeField()),
                ("actor_label", models.CharField(max_length=200)),
            ],
        ),
        migrations.CreateModel(
            name="Relay",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=csplatform.core.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("external_id", models.CharField(blank=True, max_length=200, null=True)),
                (
                    "giver_department",
                    models.CharField(
                        choices=[
                            ("marketing", "Marketing"),
                            ("sales", "Sales"),
                            ("customer_success", "Customer success"),
                            ("support", "Support"),
                            ("product", "Product"),
                            ("finance", "Finance"),
                            ("management", "Management"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "taker_department",
                    models.CharField(
                        choices=[
                            ("marketing", "Marketing"),
                            ("sales", "Sales"),
                            ("customer_success", "Customer success"),
                            ("support", "Support"),
                            ("product", "Product"),
                            ("finance", "Finance"),
                            ("management", "Management"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("offered", "Waiting"),
                            ("accepted", "Accepted"),
                            ("declined", "Declined"),
                            ("withdrawn", "Withdrawn"),
                        ],
                        default="offered",
                        max_length=10,
                    ),
                ),
                ("reason", models.CharField(blank=True, default="", max_length=500)),
                ("note", models.TextField(blank=True, default="")),
                ("promises", models.JSONField(blank=True, default=list)),
                ("offered_at", models.DateTimeField()),
                ("due_at", models.DateTimeField()),
                ("escalated_at", models.DateTimeField(null=True)),
                ("decided_at", models.DateTimeField(null=True)),
                ("decided_by_label", models.CharField(blank=True, default="", max_length=200)),
                ("decline_reason", models.CharField(blank=True, default="", max_length=500)),
                ("known_at", models.DateTimeField()),
                ("recorded_at", models.DateTimeField()),
                ("version", models.PositiveIntegerField(default=1)),
            ],
        ),
        migrations.CreateModel(
            name="RelayItem",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=csplatform.core.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("position", models.PositiveSmallIntegerField(default=0)),
                ("text", models.CharField(max_length=300)),
                ("required", models.BooleanField(default=False)),
                ("done_at", models.DateTimeField(blank=True, null=True)),
                ("done_by_label", models.CharField(blank=True, default="", max_length=200)),
            ],
            options={
                "ordering": ("position", "id"),
            },
        ),
        migrations.CreateModel(
            name="RelayTemplate",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=csplatform.core.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "giver_department",
                    models.CharField(
                        choices=[
                            ("marketing", "Marketing"),
                            ("sales", "Sales"),
                            ("customer_success", "Customer success"),
                            ("support", "Support"),
                            ("product", "Product"),
                            ("finance", "Finance"),
                            ("management", "Management"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "taker_department",
                    models.CharField(
                        choices=[
                            ("marketing", "Marketing"),
                            ("sales", "Sales"),
                            ("customer_success", "Customer success"),
                            ("support", "Support"),
                            ("product", "Product"),
                            ("finance", "Finance"),
                            ("management", "Management"),
                        ],
                        max_length=20,
                    ),
                ),
                ("due_working_days", models.PositiveSmallIntegerField(default=3)),
            ],
        ),
        migrations.CreateModel(
            name="RelayTemplateItem",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=csplatform.core.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("position", models.PositiveSmallIntegerField(default=0)),
                ("text", models.CharField(max_length=300)),
                ("required", models.BooleanField(default=False)),
            ],
            options={
                "ordering": ("position", "id"),
            },
        ),
        migrations.CreateModel(
            name="StageCriterion",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=csplatform.core.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "side",
                    models.CharField(choices=[("entry", "To enter"), ("exit", "To leave forwards")], max_length=5),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("field", "A field is filled in"),
                            ("contract", "The contract is signed"),
                            ("sponsor", "A sponsor is named"),
                            ("team_role", "A role of the account team is held"),
                            ("outcome_defined", "An outcome with a KPI is defined"),
                            ("outcome_met", "Every outcome of the lap is met or settled by name"),
                            ("trial_criteria", "Every trial criterion is met, missed or waived by name"),
                            ("win", "A win is recorded"),
                            ("measure", "A measure is over a threshold"),
                            ("adoption", "The share of activated people is over a threshold"),
                        ],
                        max_length=16,
                    ),
                ),
                ("params", models.JSONField(blank=True, default=dict)),
                ("position", models.PositiveSmallIntegerField(default=0)),
            ],
            options={
                "ordering": ("position", "id"),
            },
        ),
        migrations.CreateModel(
            name="Task",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=csplatform.core.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("title", models.CharField(max_length=300)),
                ("body", models.TextField(blank=True, default="")),
                (
                    "state",
                    models.CharField(
                        choices=[("open", "Open"), ("done", "Done"), ("cancelled", "Cancelled")],
                        default="open",
                        max_length=10,
                    ),
                ),
                (
                    "department",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("marketing", "Marketing"),
                            ("sales", "Sales"),
                            ("customer_success", "Customer success"),
                            ("support", "Support"),
                            ("product", "Product"),
                            ("finance", "Finance"),
                            ("management", "Management"),
                        ],
                        default="",
                        max_length=20,
                    ),
                ),
                ("for_customer", models.BooleanField(default=False)),
                ("due_on", models.DateField(blank=True, null=True)),
                ("snoozed_until", models.DateField(blank=True, null=True)),
                ("snooze_reason", models.CharField(blank=True, default="", max_length=300)),
                ("result", models.CharField(blank=True, default="", max_length=500)),
                ("source", models.CharField(default="manual", max_length=20)),
                ("source_key", models.CharField(blank=True, max_length=200, null=True)),
                ("created_at", models.DateTimeField()),
                ("created_by_label", models.CharField(max_length=200)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                ("finished_by_label", models.CharField(blank=True, default="", max_length=200)),
                ("version", models.PositiveIntegerField(default=1)),
            ],
        ),
        migrations.CreateModel(
            name="Win",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=csplatform.core.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("external_id", models.CharField(blank=True, max_length=200, null=True)),
                ("title", models.CharField(max_length=300)),
                ("story", models.TextField(blank=True, default="")),
                ("happened_on", models.DateField()),
                ("celebrated_at", models.DateTimeField(blank=True, null=True)),
                ("recorded_at", models.DateTimeField()),
                ("actor_label", models.CharField(max_length=200)),
            ],
        ),
        migrations.AddField(
            model_name="move",
            name="external_id",
            field=models.CharField(blank=True, max_length=200, null=True),
        ),
        migrations.AddField(
            model_name="move",
            name="force",
            field=models.CharField(
                blank=True,
                choices=[
                    ("competitor", "A competitor"),
                    ("internal", "An event inside the customer"),
                    ("external", "The market, the law, an outside event"),
                    ("vendor", "Made by us"),
                ],
                default="",
                max_length=12,
            ),
        ),
        migrations.AddField(
            model_name="move",
            name="force_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="move",
            name="force_by",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="accounts.membership",
            ),
        ),
        migrations.AddField(
            model_name="move",
            name="force_note",
            field=models.CharField(blank=True, default="", max_length=500),
        ),
        migrations.AddField(
            model_name="move",
            name="from_stage",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="journeys.stage",
            ),
        ),
        migrations.AddField(
            model_name="move",
            name="number",
            field=models.PositiveIntegerField(default=0),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="move",
            name="override",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="move",
            name="passed_over",
            field=models.JSONField(blank=True, default=list),
        ),
        migrations.AddField(
            model_name="stage",
            name="department",
            field=models.CharField(
                blank=True,
                choices=[
                    ("marketing", "Marketing"),
                    ("sales", "Sales"),
                    ("customer_success", "Customer success"),
                    ("support", "Support"),
                    ("product", "Product"),
                    ("finance", "Finance"),
                    ("management", "Management"),
                ],
                default="",
                max_length=20,
            ),
        ),
        migrations.AddField(
            model_name="stage",
            name="description",
            field=models.CharField(blank=True, default="", max_length=500),
        ),
        migrations.AddField(
            model_name="stage",
            name="expected_days",
            field=models.PositiveSmallIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="stage",
            name="retired_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="stage",
            name="version",
            field=models.PositiveIntegerField(default=1, editable=False),
        ),
        migrations.AlterField(
            model_name="move",
            name="kind",
            field=models.CharField(
                choices=[
                    ("placed", "Placed by import"),
                    ("forward", "Moved on"),
                    ("back", "Moved back"),
                    ("thrown", "Thrown again"),
                    ("churned", "Churned"),
                ],
                max_length=12,
            ),
        ),
        migrations.AlterField(
            model_name="stage",
            name="order",
            field=models.PositiveSmallIntegerField(null=True),
        ),
        migrations.CreateModel(
            name="Kpi",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=csplatform.core.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("external_id", models.CharField(max_length=200)),
                ("retired_at", models.DateTimeField(blank=True, null=True)),
                ("version", models.PositiveIntegerField(default=1)),
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
            name="KpiVersion",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=csplatform.core.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("number", models.PositiveSmallIntegerField()),
                ("name", models.CharField(max_length=200)),
                ("unit", models.CharField(blank=True, default="", max_length=40)),
                (
                    "direction",
                    models.CharField(choices=[("up", "Higher is better"), ("down", "Lower is better")], max_length=4),
                ),
                ("baseline", models.DecimalField(decimal_places=4, max_digits=20)),
                ("target", models.DecimalField(decimal_places=4, max_digits=20)),
                ("due_on", models.DateField(blank=True, null=True)),
                ("measured_by", models.CharField(blank=True, default="", max_length=200)),
                ("measure_key", models.CharField(blank=True, default="", max_length=60)),
                ("reason", models.CharField(blank=True, default="", max_length=500)),
                ("effective_on", models.DateField()),
                ("known_at", models.DateTimeField()),
                ("recorded_at", models.DateTimeField()),
                ("actor_label", models.CharField(max_length=200)),
                ("confirmed_at", models.DateTimeField(blank=True, null=True)),
                ("confirmed_by", models.CharField(blank=True, default="", max_length=200)),
                (
                    "kpi",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="versions",
                        to="journeys.kpi",
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
            name="Lap",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=csplatform.core.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("external_id", models.CharField(blank=True, default="", max_length=200)),
                ("number", models.PositiveSmallIntegerField()),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("first_sale", "First sale"),
                            ("renewal", "Renewal"),
                            ("expansion", "Expansion"),
                            ("return", "Return after churn"),
                        ],
                        max_length=12,
                    ),
                ),
                ("began_on", models.DateField()),
                ("ended_on", models.DateField(blank=True, null=True)),
                ("gained_arr_minor", models.BigIntegerField(default=0)),
                (
                    "customer",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="laps",
                        to="accounts.customer",
                    ),
                ),
                (
                    "subscription",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
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
        ),
        migrations.AddField(
            model_name="move",
            name="lap",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="moves",
                to="journeys.lap",
            ),
        ),
        migrations.AddIndex(
            model_name="move",
            index=models.Index(
                fields=["workspace", "occurred_on"], include=("stage", "from_stage"), name="move_by_day"
            ),
        ),
        migrations.AddConstraint(
            model_name="move",
            constraint=models.UniqueConstraint(fields=("workspace", "external_id"), name="move_external_id_once"),
        ),
        migrations.AddField(
            model_name="measurement",
            name="kpi",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="measurements",
                to="journeys.kpi",
            ),
        ),
        migrations.AddField(
            model_name="measurement",
            name="replaced_by",
            field=models.OneToOneField(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="replaces",
                to="journeys.measurement",
            ),
        ),
        migrations.AddField(
            model_name="measurement",
            name="workspace",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="accounts.workspace"
            ),
        ),
        migrations.AddField(
            model_name="outcome",
            name="customer",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="outcomes",
                to="accounts.customer",
            ),
        ),
        migrations.AddField(
            model_name="outcome",
            name="lap",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="outcomes",
                to="journeys.lap",
            ),
        ),
        migrations.AddField(
            model_name="outcome",
            name="workspace",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="accounts.workspace"
            ),
        ),
        migrations.AddField(
            model_name="kpi",
            name="outcome",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="kpis", to="journeys.outcome"
            ),
        ),
        migrations.AddField(
            model_name="outcomeversion",
            name="outcome",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="versions",
                to="journeys.outcome",
            ),
        ),
        migrations.AddField(
            model_name="outcomeversion",
            name="workspace",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="accounts.workspace"
            ),
        ),
        migrations.AddField(
            model_name="relay",
            name="customer",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="relays",
                to="accounts.customer",
            ),
        ),
        migrations.AddField(
            model_name="relay",
            name="from_stage",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="journeys.stage",
            ),
        ),
        migrations.AddField(
            model_name="relay",
            name="giver",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="relays_given",
                to="accounts.membership",
            ),
        ),
        migrations.AddField(
            model_name="relay",
            name="lap",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="relays",
                to="journeys.lap",
            ),
        ),
        migrations.AddField(
            model_name="relay",
            name="move",
            field=models.OneToOneField(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="relay", to="journeys.move"
            ),
        ),
        migrations.AddField(
            model_name="relay",
            name="reoffers",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="journeys.relay",
            ),
        ),
        migrations.AddField(
            model_name="relay",
            name="taker",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="relays_taken",
                to="accounts.membership",
            ),
        ),
        migrations.AddField(
            model_name="relay",
            name="to_stage",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="journeys.stage"
            ),
        ),
        migrations.AddField(
            model_name="relay",
            name="workspace",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="accounts.workspace"
            ),
        ),
        migrations.AddField(
            model_name="relayitem",
            name="relay",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="items", to="journeys.relay"
            ),
        ),
        migrations.AddField(
            model_name="relayitem",
            name="workspace",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="accounts.workspace"
            ),
        ),
        migrations.AddField(
            model_name="relaytemplate",
            name="from_stage",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="journeys.stage"
            ),
        ),
        migrations.AddField(
            model_name="relaytemplate",
            name="to_stage",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="journeys.stage"
            ),
        ),
        migrations.AddField(
            model_name="relaytemplate",
            name="workspace",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="accounts.workspace"
            ),
        ),
        migrations.AddField(
            model_name="relaytemplateitem",
            name="template",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="items", to="journeys.relaytemplate"
            ),
        ),
        migrations.AddField(
            model_name="relaytemplateitem",
            name="workspace",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="accounts.workspace"
            ),
        ),
        migrations.AddField(
            model_name="stagecriterion",
            name="stage",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="criteria", to="journeys.stage"
            ),
        ),
        migrations.AddField(
            model_name="stagecriterion",
            name="workspace",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="accounts.workspace"
            ),
        ),
        migrations.AddField(
            model_name="task",
            name="customer",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="tasks",
                to="accounts.customer",
            ),
        ),
        migrations.AddField(
            model_name="task",
            name="owner",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="tasks",
                to="accounts.membership",
            ),
        ),
        migrations.AddField(
            model_name="task",
            name="workspace",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="accounts.workspace"
            ),
        ),
        migrations.AddField(
            model_name="win",
            name="customer",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="wins", to="accounts.customer"
            ),
        ),
        migrations.AddField(
            model_name="win",
            name="kpi",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="journeys.kpi",
            ),
        ),
        migrations.AddField(
            model_name="win",
            name="lap",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="journeys.lap",
            ),
        ),
        migrations.AddField(
            model_name="win",
            name="outcome",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="wins", to="journeys.outcome"
            ),
        ),
        migrations.AddField(
            model_name="win",
            name="workspace",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="accounts.workspace"
            ),
        ),
        migrations.AddConstraint(
            model_name="kpiversion",
            constraint=models.UniqueConstraint(fields=("kpi", "number"), name="kpi_version_once"),
        ),
        migrations.AddIndex(
            model_name="lap",
            index=models.Index(fields=["workspace", "began_on"], name="lap_by_day"),
        ),
        migrations.AddConstraint(
            model_name="lap",
            constraint=models.UniqueConstraint(fields=("customer", "number"), name="lap_number_once"),
        ),
        migrations.AddConstraint(
            model_name="lap",
            constraint=models.UniqueConstraint(
                condition=models.Q(("ended_on__isnull", True)), fields=("customer",), name="lap_open_once"
            ),
        ),
        migrations.AddIndex(
            model_name="measurement",
            index=models.Index(fields=["workspace", "kpi", "measured_on", "id"], name="measurement_of_kpi"),
        ),
        migrations.AddConstraint(
            model_name="measurement",
            constraint=models.UniqueConstraint(
                condition=models.Q(("replaced_by__isnull", True)),
                fields=("workspace", "external_id"),
                name="measurement_external_id_once",
            ),
        ),
        migrations.AddIndex(
            model_name="outcome",
            index=models.Index(fields=["workspace", "customer", "id"], name="outcome_of_customer"),
        ),
        migrations.AddConstraint(
            model_name="outcome",
            constraint=models.UniqueConstraint(fields=("workspace", "external_id"), name="outcome_external_id_once"),
        ),
        migrations.AddConstraint(
            model_name="kpi",
            constraint=models.UniqueConstraint(fields=("workspace", "external_id"), name="kpi_external_id_once"),
        ),
        migrations.AddConstraint(
            model_name="outcomeversion",
            constraint=models.UniqueConstraint(fields=("outcome", "number"), name="outcome_version_once"),
        ),
        migrations.AddIndex(
            model_name="relay",
            index=models.Index(fields=["workspace", "customer", "id"], name="relay_of_customer"),
        ),
        migrations.AddIndex(
            model_name="relay",
            index=models.Index(
                condition=models.Q(("state", "offered")), fields=["workspace", "due_at"], name="relay_waiting"
            ),
        ),
        migrations.AddIndex(
            model_name="relay",
            index=models.Index(fields=["workspace", "offered_at"], name="relay_by_offer"),
        ),
        migrations.AddConstraint(
            model_name="relay",
            constraint=models.UniqueConstraint(fields=("workspace", "external_id"), name="relay_external_id_once"),
        ),
        migrations.AddConstraint(
            model_name="relay",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "offered")), fields=("customer",), name="relay_open_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="relaytemplate",
            constraint=models.UniqueConstraint(
                fields=("workspace", "from_stage", "to_stage"), name="relay_template_once"
            ),
        ),
        migrations.AddIndex(
            model_name="stagecriterion",
            index=models.Index(fields=["workspace", "stage"], name="criterion_of_stage"),
        ),
        migrations.AddIndex(
            model_name="task",
            index=models.Index(
                condition=models.Q(("state", "open")), fields=["workspace", "owner", "due_on", "id"], name="task_queue"
            ),
        ),
        migrations.AddIndex(
            model_name="task",
            index=models.Index(
                condition=models.Q(("owner__isnull", True), ("state", "open")),
                fields=["workspace", "department", "due_on", "id"],
                name="task_of_department",
            ),
        ),
        migrations.AddIndex(
            model_name="task",
            index=models.Index(fields=["workspace", "customer", "id"], name="task_of_customer"),
        ),
        migrations.AddConstraint(
            model_name="task",
            constraint=models.UniqueConstraint(fields=("workspace", "source", "source_key"), name="task_made_once"),
        ),
        migrations.AddIndex(
            model_name="win",
            index=models.Index(fields=["workspace", "customer", "happened_on"], name="win_of_customer"),
        ),
        migrations.AddConstraint(
            model_name="win",
            constraint=models.UniqueConstraint(fields=("workspace", "external_id"), name="win_external_id_once"),
        ),
        migrations.AddConstraint(
            model_name="win",
            constraint=models.UniqueConstraint(
                condition=models.Q(("kpi__isnull", False)), fields=("kpi",), name="win_of_kpi_once"
            ),
        ),
    ]
