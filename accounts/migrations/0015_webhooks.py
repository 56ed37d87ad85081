import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import csplatform.core.ids
from csplatform.core.rls import EnableRowSecurity


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0014_customer_health_apart"),
    ]

    operations = [
        migrations.CreateModel(
            name="WebhookDue",
            fields=[
                ("delivery_id", models.UUIDField(primary_key=True, serialize=False)),
                ("endpoint_id", models.UUIDField()),
                ("workspace_id", models.UUIDField()),
                ("due_at", models.DateTimeField()),
            ],
            options={
                "indexes": [models.Index(fields=["endpoint_id", "due_at"], name="webhook_due_by_endpoint")],
            },
        ),
        migrations.CreateModel(
            name="WebhookEndpoint",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=csplatform.core.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("url", models.CharField(max_length=2000)),
                ("description", models.CharField(blank=True, max_length=200)),
                (
                    "events",
                    django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=100), size=None),
                ),
                ("is_enabled", models.BooleanField(default=True)),
                (
                    "disabled_because",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("by_hand", "switched off by a member"),
                            ("failing", "nothing arrived for days"),
                            ("gone", "the receiver answered 410 Gone"),
                        ],
                        default="",
                        max_length=10,
                    ),
                ),
                ("secret_salt", models.CharField(max_length=64)),
                ("secret_hint", models.CharField(max_length=20)),
                ("retired_salt", models.CharField(blank=True, default="", max_length=64)),
                ("retired_until", models.DateTimeField(blank=True, null=True)),
                ("failing_since", models.DateTimeField(blank=True, null=True)),
                ("created_at", models.DateTimeField()),
                ("updated_at", models.DateTimeField()),
                ("version", models.PositiveIntegerField(default=1)),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
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
            name="WebhookDelivery",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=csplatform.core.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("message_id", models.CharField(max_length=64)),
                ("event", models.CharField(max_length=100)),
                ("occurred_at", models.DateTimeField()),
                ("data", models.JSONField(default=dict)),
                (
                    "state",
                    models.CharField(
                        choices=[("pending", "on its way"), ("delivered", "delivered"), ("failed", "failed")],
                        default="pending",
                        max_length=10,
                    ),
                ),
                ("attempts", models.PositiveIntegerField(default=0)),
                ("log", models.JSONField(default=list)),
                ("last_status", models.PositiveSmallIntegerField(null=True)),
                (
                    "last_error",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("status", "answered with another status than 2xx"),
                            ("timeout", "did not answer in time"),
                            ("connection", "the connection could not be made or broke"),
                            ("tls", "its certificate could not be verified"),
                            ("unknown_host", "its name could not be resolved"),
                            ("not_public", "its address is not public, so nothing was sent"),
                            ("bad_address", "webhooks do not go to addresses of this form"),
                            ("secret_changed", "its secret no longer fits this installation: make a new one"),
                            ("disabled", "the webhook was switched off"),
                        ],
                        default="",
                        max_length=20,
                    ),
                ),
                ("created_at", models.DateTimeField()),
                ("next_attempt_at", models.DateTimeField(null=True)),
                ("give_up_at", models.DateTimeField()),
                ("finished_at", models.DateTimeField(null=True)),
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
                    "endpoint",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="deliveries",
                        to="accounts.webhookendpoint",
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="webhookendpoint",
            index=models.Index(fields=["workspace"], name="webhook_of_workspace"),
        ),
        migrations.AddIndex(
            model_name="webhookdelivery",
            index=models.Index(fields=["endpoint", "-id"], name="webhook_delivery_newest"),
        ),
        migrations.AddIndex(
            model_name="webhookdelivery",
            index=models.Index(fields=["endpoint", "state", "-id"], name="webhook_delivery_by_state"),
        ),
        migrations.AddIndex(
            model_name="webhookdelivery",
            index=models.Index(fields=["workspace", "created_at"], name="webhook_delivery_age"),
        ),
        migrations.AddConstraint(
            model_name="webhookdelivery",
            constraint=models.UniqueConstraint(fields=("endpoint", "message_id"), name="webhook_delivery_once"),
        ),
        EnableRowSecurity("WebhookEndpoint", "WebhookDelivery"),
    ]
