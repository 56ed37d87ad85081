"""Advocacy: acts, their steps, who is not asked, and how long people rest."""

import django.db.models.deletion
from django.db import migrations, models

import csplatform.core.ids
from csplatform.core.rls import EnableRowSecurity


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0016_segment_definitions"),
        ("journeys", "0017_requests"),
    ]

    operations = [
        migrations.CreateModel(
            name="AdvocacyAct",
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
                            ("referral", "Referral"),
                            ("review", "Review"),
                            ("business_case", "Business case"),
                            ("testimonial", "Testimonial"),
                            ("event", "Event"),
                            ("reference_call", "Reference call"),
                            ("promoter", "Promoter"),
                        ],
                        max_length=16,
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("suggested", "Suggested"),
                            ("asked", "Asked"),
                            ("agreed", "Agreed"),
                            ("done", "Done"),
                            ("thanked", "Thanked"),
                            ("declined", "Declined"),
                        ],
                        default="suggested",
                        max_length=10,
                    ),
                ),
                ("why", models.CharField(blank=True, default="", max_length=500)),
                ("url", models.CharField(blank=True, default="", max_length=500)),
                ("suggested_at", models.DateTimeField()),
                ("asked_at", models.DateTimeField(blank=True, null=True)),
                ("agreed_at", models.DateTimeField(blank=True, null=True)),
                ("done_at", models.DateTimeField(blank=True, null=True)),
                ("thanked_at", models.DateTimeField(blank=True, null=True)),
                ("declined_at", models.DateTimeField(blank=True, null=True)),
                ("withdrawn_at", models.DateTimeField(blank=True, null=True)),
                ("source_key", models.CharField(blank=True, max_length=200, null=True)),
                ("created_by_label", models.CharField(max_length=200)),
                ("known_at", models.DateTimeField()),
                ("updated_at", models.DateTimeField()),
                ("version", models.PositiveIntegerField(default=1)),
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
                    "customer",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="advocacy",
                        to="accounts.customer",
                    ),
                ),
                (
                    "owner",
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
                    "referred",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="brought_by",
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
            name="AdvocacyRest",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=csplatform.core.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("customer_days", models.PositiveSmallIntegerField(default=30)),
                ("contact_days", models.PositiveSmallIntegerField(default=90)),
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
            name="AdvocacySilence",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=csplatform.core.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("until", models.DateField(blank=True, null=True)),
                ("reason", models.CharField(max_length=300)),
                ("since", models.DateTimeField()),
                ("by_label", models.CharField(max_length=200)),
                ("lifted_at", models.DateTimeField(blank=True, null=True)),
                ("lifted_by_label", models.CharField(blank=True, default="", max_length=200)),
                (
                    "contact",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.contact",
                    ),
                ),
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
            name="AdvocacyStep",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=csplatform.core.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("suggested", "Suggested"),
                            ("asked", "Asked"),
                            ("agreed", "Agreed"),
                            ("done", "Done"),
                            ("thanked", "Thanked"),
                            ("declined", "Declined"),
                        ],
                        default="",
                        max_length=10,
                    ),
                ),
                ("occurred_at", models.DateTimeField()),
                ("known_at", models.DateTimeField()),
                ("recorded_at", models.DateTimeField()),
                ("actor_label", models.CharField(max_length=200)),
                (
                    "act",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="steps",
                        to="journeys.advocacyact",
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
            model_name="advocacyact",
            index=models.Index(fields=["workspace", "customer", "id"], name="advocacy_of_customer"),
        ),
        migrations.AddIndex(
            model_name="advocacyact",
            index=models.Index(fields=["workspace", "state", "updated_at", "id"], name="advocacy_by_state"),
        ),
        migrations.AddIndex(
            model_name="advocacyact",
            index=models.Index(
                condition=models.Q(("referred__isnull", False)), fields=["referred"], name="advocacy_brought"
            ),
        ),
        migrations.AddIndex(
            model_name="advocacyact",
            index=models.Index(
                condition=models.Q(("contact__isnull", False)), fields=["contact"], name="advocacy_of_contact"
            ),
        ),
        migrations.AddConstraint(
            model_name="advocacyact",
            constraint=models.UniqueConstraint(fields=("workspace", "external_id"), name="advocacy_external_id_once"),
        ),
        migrations.AddConstraint(
            model_name="advocacyact",
            constraint=models.UniqueConstraint(fields=("workspace", "source_key"), name="advocacy_source_once"),
        ),
        migrations.AddConstraint(
            model_name="advocacyrest",
            constraint=models.UniqueConstraint(fields=("workspace",), name="advocacy_rest_once"),
        ),
        migrations.AddIndex(
            model_name="advocacysilence",
            index=models.Index(
                condition=models.Q(("lifted_at__isnull", True)),
                fields=["workspace", "customer"],
                name="advocacy_silences",
            ),
        ),
        migrations.AddIndex(
            model_name="advocacystep",
            index=models.Index(fields=["workspace", "act", "known_at", "id"], name="advocacy_steps"),
        ),
        EnableRowSecurity("AdvocacyAct", "AdvocacyStep", "AdvocacySilence", "AdvocacyRest"),
    ]
