"""Requests and pain points: who asked, and what product answered."""

import django.db.models.deletion
from django.db import migrations, models

import csplatform.core.ids
from csplatform.core.rls import EnableRowSecurity


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0016_segment_definitions"),
        ("journeys", "0016_plan_keeps_reasons"),
    ]

    operations = [
        migrations.CreateModel(
            name="Request",
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
                        choices=[("pain_point", "Pain point"), ("wish", "Wish")], default="wish", max_length=12
                    ),
                ),
                ("title", models.CharField(max_length=300)),
                ("words", models.TextField(blank=True, default="")),
                ("raised_at", models.DateTimeField()),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("open", "Open"),
                            ("planned", "Planned"),
                            ("shipped", "Shipped"),
                            ("declined", "Declined"),
                        ],
                        default="open",
                        max_length=10,
                    ),
                ),
                ("answer", models.TextField(blank=True, default="")),
                ("answered_at", models.DateTimeField(blank=True, null=True)),
                ("answered_by", models.CharField(blank=True, default="", max_length=200)),
                ("shipped_at", models.DateTimeField(blank=True, null=True)),
                ("merged_at", models.DateTimeField(blank=True, null=True)),
                ("created_by_label", models.CharField(max_length=200)),
                ("known_at", models.DateTimeField()),
                ("updated_at", models.DateTimeField()),
                ("version", models.PositiveIntegerField(default=1)),
                (
                    "merged_into",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="merged",
                        to="journeys.request",
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
            name="RequestAnswer",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=csplatform.core.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("open", "Open"),
                            ("planned", "Planned"),
                            ("shipped", "Shipped"),
                            ("declined", "Declined"),
                        ],
                        max_length=10,
                    ),
                ),
                ("answer", models.TextField(blank=True, default="")),
                ("occurred_at", models.DateTimeField()),
                ("known_at", models.DateTimeField()),
                ("recorded_at", models.DateTimeField()),
                ("answered_by", models.CharField(max_length=200)),
                (
                    "request",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="answers",
                        to="journeys.request",
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
            name="RequestCustomer",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=csplatform.core.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("raised_at", models.DateTimeField()),
                ("raised_by", models.CharField(blank=True, default="", max_length=200)),
                ("source_key", models.CharField(blank=True, max_length=200, null=True)),
                ("known_at", models.DateTimeField()),
                ("recorded_at", models.DateTimeField()),
                (
                    "contact",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="accounts.contact",
                    ),
                ),
                (
                    "counts_for",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="behind",
                        to="journeys.request",
                    ),
                ),
                (
                    "customer",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="requests",
                        to="accounts.customer",
                    ),
                ),
                (
                    "request",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="asked",
                        to="journeys.request",
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
        migrations.AddIndex(
            model_name="request",
            index=models.Index(fields=["workspace", "status", "raised_at", "id"], name="request_by_status"),
        ),
        migrations.AddIndex(
            model_name="request",
            index=models.Index(
                condition=models.Q(("merged_into__isnull", False)), fields=["merged_into"], name="request_merged"
            ),
        ),
        migrations.AddConstraint(
            model_name="request",
            constraint=models.UniqueConstraint(fields=("workspace", "external_id"), name="request_external_id_once"),
        ),
        migrations.AddConstraint(
            model_name="request",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("shipped_at__isnull", False), ("status", "shipped")),
                    models.Q(models.Q(("status", "shipped"), _negated=True), ("shipped_at", None)),
                    _connector="OR",
                ),
                name="request_shipped_is_dated",
            ),
        ),
        migrations.AddConstraint(
            model_name="request",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("merged_into", None), models.Q(("merged_into", models.F("id")), _negated=True), _connector="OR"
                ),
                name="request_not_into_itself",
            ),
        ),
        migrations.AddIndex(
            model_name="requestanswer",
            index=models.Index(fields=["workspace", "request", "known_at", "id"], name="request_answers"),
        ),
        migrations.AddIndex(
            model_name="requestcustomer",
            index=models.Index(fields=["workspace", "counts_for", "customer"], name="request_behind"),
        ),
        migrations.AddIndex(
            model_name="requestcustomer",
            index=models.Index(fields=["workspace", "customer", "raised_at", "id"], name="request_of_customer"),
        ),
        migrations.AddIndex(
            model_name="requestcustomer",
            index=models.Index(
                condition=models.Q(("contact__isnull", False)), fields=["contact"], name="request_of_contact"
            ),
        ),
        migrations.AddConstraint(
            model_name="requestcustomer",
            constraint=models.UniqueConstraint(fields=("request", "customer"), name="request_asked_once"),
        ),
        migrations.AddConstraint(
            model_name="requestcustomer",
            constraint=models.UniqueConstraint(fields=("workspace", "source_key"), name="request_source_once"),
        ),
        EnableRowSecurity("Request", "RequestAnswer", "RequestCustomer"),
    ]
