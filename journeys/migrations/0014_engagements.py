"""Engagements, cadences, signals of change and shocks, with their row policies."""

import django.db.models.deletion
from django.db import migrations, models

import csplatform.core.ids
from csplatform.core.rls import EnableRowSecurity


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0016_segment_definitions"),
        ("journeys", "0013_tasks_hold_drafts"),
    ]

    operations = [
        migrations.CreateModel(
            name="Engagement",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=csplatform.core.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("external_id", models.CharField(max_length=200)),
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
                ("occurred_at", models.DateTimeField()),
                ("known_at", models.DateTimeField()),
                ("recorded_at", models.DateTimeField()),
                ("updated_at", models.DateTimeField()),
                ("subject", models.CharField(blank=True, default="", max_length=300)),
                ("body", models.TextField(blank=True, default="")),
                (
                    "sentiment",
                    models.CharField(
                        blank=True,
                        choices=[("", "Not said"), ("positive", "Good"), ("neutral", "Neutral"), ("negative", "Bad")],
                        default="",
                        max_length=8,
                    ),
                ),
                ("by_label", models.CharField(blank=True, default="", max_length=254)),
                ("third_party", models.CharField(blank=True, default="", max_length=200)),
                ("erased_at", models.DateTimeField(blank=True, null=True)),
                ("version", models.PositiveIntegerField(default=1)),
                (
                    "by",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="accounts.membership",
                    ),
                ),
                (
                    "outcome",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="engagements",
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
            ],
        ),
        migrations.CreateModel(
            name="EngagementContact",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=csplatform.core.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "contact",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="accounts.contact"
                    ),
                ),
                (
                    "engagement",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="contacts",
                        to="journeys.engagement",
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
            name="EngagementCustomer",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=csplatform.core.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
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
                ("occurred_at", models.DateTimeField()),
                (
                    "customer",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="engagements",
                        to="accounts.customer",
                    ),
                ),
                (
                    "engagement",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="customers",
                        to="journeys.engagement",
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
            name="Shock",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=csplatform.core.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("external_id", models.CharField(max_length=200)),
                ("name", models.CharField(max_length=200)),
                ("note", models.TextField(blank=True, default="")),
                ("definition", models.JSONField(blank=True, default=dict)),
                ("words", models.TextField(blank=True, default="")),
                (
                    "state",
                    models.CharField(
                        choices=[("running", "Running"), ("closed", "Closed")], default="running", max_length=8
                    ),
                ),
                ("struck_on", models.DateField()),
                ("declared_at", models.DateTimeField()),
                ("declared_by_label", models.CharField(max_length=200)),
                ("closed_at", models.DateTimeField(blank=True, null=True)),
                ("closed_by_label", models.CharField(blank=True, default="", max_length=200)),
                ("lesson", models.TextField(blank=True, default="")),
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
            name="ShockCustomer",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=csplatform.core.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("arr_minor", models.BigIntegerField(default=0)),
                ("band", models.CharField(blank=True, default="", max_length=16)),
                ("points", models.IntegerField(blank=True, null=True)),
                (
                    "customer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="accounts.customer"
                    ),
                ),
                (
                    "shock",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="exposed",
                        to="journeys.shock",
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
            name="ShockMember",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=csplatform.core.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("part", models.CharField(blank=True, default="", max_length=120)),
                ("joined_at", models.DateTimeField()),
                (
                    "member",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.membership",
                    ),
                ),
                (
                    "shock",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="force",
                        to="journeys.shock",
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
            name="Signal",
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
                        choices=[
                            ("sponsor_change", "Sponsor change"),
                            ("staffing", "Hiring or lay-offs"),
                            ("usage_shift", "Usage habits shifting"),
                            ("new_goals", "New goals"),
                            ("silence", "Silence"),
                            ("other", "Other"),
                        ],
                        max_length=16,
                    ),
                ),
                ("summary", models.CharField(max_length=300)),
                ("note", models.TextField(blank=True, default="")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "Waiting for an answer"),
                            ("answered", "Answered"),
                            ("passed", "Passed by itself"),
                        ],
                        default="open",
                        max_length=8,
                    ),
                ),
                ("occurred_at", models.DateTimeField()),
                ("known_at", models.DateTimeField()),
                ("recorded_at", models.DateTimeField()),
                ("source", models.CharField(default="manual", max_length=20)),
                ("source_key", models.CharField(blank=True, max_length=200, null=True)),
                ("by_label", models.CharField(max_length=200)),
                ("answered_at", models.DateTimeField(blank=True, null=True)),
                ("answered_by_label", models.CharField(blank=True, default="", max_length=200)),
                ("answer", models.CharField(blank=True, default="", max_length=500)),
                ("version", models.PositiveIntegerField(default=1)),
                (
                    "answered_by",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="accounts.membership",
                    ),
                ),
                (
                    "customer",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="signals",
                        to="accounts.customer",
                    ),
                ),
                (
                    "engagement",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="journeys.engagement",
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
            name="Cadence",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=csplatform.core.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("name", models.CharField(max_length=120)),
                ("definition", models.JSONField(blank=True, default=dict)),
                ("every_days", models.PositiveSmallIntegerField()),
                (
                    "direction",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("vendor_to_customer", "We → customer"),
                            ("customer_to_vendor", "Customer → us"),
                            ("customer_to_customer", "Customer ↔ customer"),
                            ("customer_to_third_party", "Customer ↔ third party"),
                        ],
                        default="",
                        max_length=24,
                    ),
                ),
                ("position", models.PositiveSmallIntegerField(default=0)),
                ("created_at", models.DateTimeField()),
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
            options={
                "ordering": ("position", "id"),
                "constraints": [models.UniqueConstraint(fields=("workspace", "name"), name="cadence_name_once")],
            },
        ),
        migrations.AddIndex(
            model_name="engagement",
            index=models.Index(fields=["workspace", "occurred_at", "id"], name="engagement_by_time"),
        ),
        migrations.AddIndex(
            model_name="engagement",
            index=models.Index(
                condition=models.Q(("outcome__isnull", False)), fields=["outcome"], name="engagement_for_outcome"
            ),
        ),
        migrations.AddIndex(
            model_name="engagement",
            index=models.Index(
                condition=models.Q(("by__isnull", False)), fields=["by", "occurred_at"], name="engagement_by_member"
            ),
        ),
        migrations.AddConstraint(
            model_name="engagement",
            constraint=models.UniqueConstraint(fields=("workspace", "external_id"), name="engagement_external_id_once"),
        ),
        migrations.AddConstraint(
            model_name="engagementcontact",
            constraint=models.UniqueConstraint(fields=("engagement", "contact"), name="engagement_contact_once"),
        ),
        migrations.AddIndex(
            model_name="engagementcustomer",
            index=models.Index(fields=["customer", "occurred_at", "id"], name="engagement_of_customer"),
        ),
        migrations.AddIndex(
            model_name="engagementcustomer",
            index=models.Index(fields=["customer", "direction", "occurred_at"], name="engagement_of_direction"),
        ),
        migrations.AddConstraint(
            model_name="engagementcustomer",
            constraint=models.UniqueConstraint(fields=("engagement", "customer"), name="engagement_customer_once"),
        ),
        migrations.AddIndex(
            model_name="shock",
            index=models.Index(fields=["workspace", "declared_at", "id"], name="shock_by_time"),
        ),
        migrations.AddConstraint(
            model_name="shock",
            constraint=models.UniqueConstraint(fields=("workspace", "external_id"), name="shock_external_id_once"),
        ),
        migrations.AddIndex(
            model_name="shockcustomer",
            index=models.Index(fields=["shock", "arr_minor", "id"], name="shock_customer_by_revenue"),
        ),
        migrations.AddConstraint(
            model_name="shockcustomer",
            constraint=models.UniqueConstraint(fields=("shock", "customer"), name="shock_customer_once"),
        ),
        migrations.AddConstraint(
            model_name="shockmember",
            constraint=models.UniqueConstraint(fields=("shock", "member"), name="shock_member_once"),
        ),
        migrations.AddIndex(
            model_name="signal",
            index=models.Index(fields=["workspace", "state", "known_at", "id"], name="signal_queue"),
        ),
        migrations.AddIndex(
            model_name="signal",
            index=models.Index(fields=["customer", "known_at", "id"], name="signal_of_customer"),
        ),
        migrations.AddConstraint(
            model_name="signal",
            constraint=models.UniqueConstraint(fields=("workspace", "external_id"), name="signal_external_id_once"),
        ),
        migrations.AddConstraint(
            model_name="signal",
            constraint=models.UniqueConstraint(fields=("workspace", "source", "source_key"), name="signal_once"),
        ),
        migrations.AddConstraint(
            model_name="signal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("answered_at__isnull", True), ("state", "open")),
                    models.Q(models.Q(("state", "open"), _negated=True), ("answered_at__isnull", False)),
                    _connector="OR",
                ),
                name="signal_answered_has_its_time",
            ),
        ),
        EnableRowSecurity(
            "Engagement",
            "EngagementCustomer",
            "EngagementContact",
            "Cadence",
            "Signal",
            "Shock",
            "ShockCustomer",
            "ShockMember",
        ),
    ]
