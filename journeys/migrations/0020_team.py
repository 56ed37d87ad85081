"""Who answers for what along the journey, and the tempo of the departments."""

from decimal import Decimal

import django.core.validators
import django.db.models.deletion
from django.db import migrations, models

import csplatform.core.ids
from csplatform.core.rls import EnableRowSecurity


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0016_segment_definitions"),
        ("journeys", "0019_playbooks"),
    ]

    operations = [
        migrations.CreateModel(
            name="DepartmentTempo",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=csplatform.core.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "department",
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
                    "handover_days",
                    models.PositiveSmallIntegerField(
                        blank=True, null=True, validators=[django.core.validators.MinValueValidator(1)]
                    ),
                ),
                (
                    "contacts",
                    models.DecimalField(
                        blank=True,
                        decimal_places=1,
                        max_digits=4,
                        null=True,
                        validators=[django.core.validators.MinValueValidator(Decimal("0.1"))],
                    ),
                ),
                (
                    "request_days",
                    models.PositiveSmallIntegerField(
                        blank=True, null=True, validators=[django.core.validators.MinValueValidator(1)]
                    ),
                ),
                (
                    "signal_days",
                    models.PositiveSmallIntegerField(
                        blank=True, null=True, validators=[django.core.validators.MinValueValidator(1)]
                    ),
                ),
                ("version", models.PositiveIntegerField(default=1, editable=False)),
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
                    models.UniqueConstraint(fields=("workspace", "department"), name="department_tempo_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="Responsibility",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=csplatform.core.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "department",
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
                ("words", models.CharField(blank=True, default="", max_length=300)),
                (
                    "stage",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="responsibilities",
                        to="journeys.stage",
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
                "constraints": [models.UniqueConstraint(fields=("stage", "department"), name="responsibility_once")],
            },
        ),
        EnableRowSecurity("DepartmentTempo", "Responsibility"),
    ]
