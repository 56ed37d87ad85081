"""Trigrams without an id of their own: a third fewer bytes and one index fewer a row, and there are many rows."""

import django.db.models.deletion
from django.db import migrations, models

from csplatform.core.rls import EnableRowSecurity


class Migration(migrations.Migration):
    dependencies = [("accounts", "0005_invitation_mailed_at")]

    operations = [
        migrations.DeleteModel("CustomerTrigram"),
        migrations.CreateModel(
            name="CustomerTrigram",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "workspace_id",
                        "trigram",
                        "customer_id",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("trigram", models.CharField(max_length=3)),
                (
                    "customer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="accounts.customer"
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
        EnableRowSecurity("CustomerTrigram"),
    ]
