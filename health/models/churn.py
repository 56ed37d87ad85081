"""Churn models of a workspace, each with the proof it was judged by. What was trained is never rewritten."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from csplatform.core.models import Job
from csplatform.core.tenancy import TenantModel


class ChurnModel(TenantModel):
    """One training: the fitted model and its back-test. There is one champion at most.

    ``content``: what ``health.churn.model.Model.from_dict`` reads, null where the history carried none.
    ``backtest``: the object that the ``backtest`` command prints. ``settled_through``: the last day whose label it
    learned from. ``verdict``: that of the back-test.
    """

    class Status(models.TextChoices):
        CHAMPION = "champion", _("Champion")
        CHALLENGER = "challenger", _("Not better")
        RETIRED = "retired", _("Replaced")

    number = models.PositiveIntegerField()
    status = models.CharField(max_length=10, choices=Status.choices)
    verdict = models.CharField(max_length=16)
    horizon_days = models.PositiveSmallIntegerField()
    recipe = models.CharField(max_length=24)
    content = models.JSONField(null=True)
    backtest = models.JSONField()
    settled_through = models.DateField(null=True)
    churned_customers = models.PositiveIntegerField()
    trained_at = models.DateTimeField()
    trained_by_label = models.CharField(max_length=200)
    job = models.OneToOneField(Job, on_delete=models.SET_NULL, null=True, related_name="+")
    activated_at = models.DateTimeField(null=True)
    retired_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "number"], name="churn_model_number_once"),
            models.UniqueConstraint(
                fields=["workspace"], name="churn_champion_once", condition=models.Q(status="champion")
            ),
        ]
