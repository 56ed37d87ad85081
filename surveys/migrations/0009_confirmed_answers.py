"""Answers that count once an address is confirmed; until then their score is not known, either."""

from importlib import import_module

import django.db.models.deletion
from django.db import migrations, models

import csplatform.core.ids
from csplatform.core.rls import EnableRowSecurity

_scores = import_module("surveys.migrations.0007_known_scores")
_KEEP = (
    _scores.KEEP_SCORE.replace("status = 'removed' THEN NULL", "status IN ('removed', 'waiting') THEN NULL")
    .replace(
        "WHEN OLD.status = 'removed' THEN", "WHEN OLD.status = 'waiting' THEN now() WHEN OLD.status = 'removed' THEN"
    )
    .replace(
        "NEW.score IS NOT NULL AND NOT NEW.is_test)",
        "NEW.score IS NOT NULL AND NOT NEW.is_test AND NEW.status <> 'waiting')",
    )
)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0014_customer_health_apart"),
        ("surveys", "0008_dispatch_filters"),
    ]

    operations = [
        migrations.AddField(
            model_name="survey",
            name="confirm_by_email",
            field=models.BooleanField(
                default=False, help_text="Answers count once a mailed link was confirmed; one for each address."
            ),
        ),
        migrations.AlterField(
            model_name="response",
            name="status",
            field=models.CharField(
                choices=[
                    ("counted", "Counted"),
                    ("flagged", "Flagged, counted"),
                    ("removed", "Removed"),
                    ("waiting", "Not confirmed, not counted"),
                ],
                default="counted",
                max_length=8,
            ),
        ),
        migrations.CreateModel(
            name="AnswerConfirmation",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=csplatform.core.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("email", models.EmailField(blank=True, max_length=254)),
                ("address_hash", models.CharField(max_length=64)),
                ("language", models.CharField(default="en", max_length=5)),
                ("asked_at", models.DateTimeField()),
                ("confirmed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "response",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="confirmations", to="surveys.response"
                    ),
                ),
                (
                    "survey",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="answer_confirmations",
                        to="surveys.survey",
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
                "indexes": [
                    models.Index(fields=["survey", "address_hash"], name="survey_answer_address"),
                    models.Index(
                        condition=models.Q(("email", ""), _negated=True),
                        fields=["workspace"],
                        name="survey_answer_to_mail",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("confirmed_at__isnull", False)),
                        fields=("survey", "address_hash"),
                        name="survey_one_answer_an_address",
                    )
                ],
            },
        ),
        EnableRowSecurity("AnswerConfirmation"),
        migrations.RunSQL(_scores.DROP_SCORE + _KEEP, _scores.DROP_SCORE + _scores.KEEP_SCORE),
    ]
