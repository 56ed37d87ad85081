"""Churn models of a workspace, each with the proof it was judged by. What was trained is never rewritten."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from csplatform.core.models import Job
from csplatform.core.tenancy import TenantModel


class ChurnSetting(TenantModel):
    """What the workspace wants of churn risk from ``set_at`` on. Rows never change, so that past days keep theirs.

    ``horizon_days``: how far ahead risk looks. ``capacity``: how many customers the team can look after at a time,
    null: a tenth of them. ``retrains``: whether a model is trained anew every four weeks.
    """

    horizon_days = models.PositiveSmallIntegerField()
    capacity = models.PositiveIntegerField(null=True)
    retrains = models.BooleanField(default=True)
    set_at = models.DateTimeField()
    set_by_label = models.CharField(max_length=200)

    class Meta:
        indexes = [models.Index(fields=["workspace", "-set_at"], name="churn_setting_newest")]


class ChurnModel(TenantModel):
    """One training: the fitted model and its back-test. There is one champion at most, in force from ``activated_at``
    until ``retired_at``; one that won is ``elected`` while the events it reads are still being counted.

    ``content``: what ``health.churn.serving.Serving.from_dict`` reads, null where the history carried none.
    ``backtest``: the object that the ``backtest`` command prints. ``settled_through``: the last day whose label it
    learned from. ``verdict``: that of the back-test.
    """

    class Status(models.TextChoices):
        CHAMPION = "champion", _("Champion")
        ELECTED = "elected", _("Being put in force")
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


class ChurnProof(TenantModel):
    """One back-test, kept: of the procedure (``document``), and of each version of the scorecard (``cards``).

    ``document``: the object that the ``backtest`` command prints, with what the page of the proof draws. ``model``: the
    model that was trained with it, if any.
    """

    made_at = models.DateTimeField()
    made_by_label = models.CharField(max_length=200)
    horizon_days = models.PositiveSmallIntegerField()
    document = models.JSONField()
    cards = models.JSONField(default=list)
    model = models.OneToOneField(ChurnModel, on_delete=models.CASCADE, null=True, related_name="proof")
    job = models.OneToOneField(Job, on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        indexes = [models.Index(fields=["workspace", "-made_at"], name="churn_proof_newest")]


class ChurnDrift(TenantModel):
    """How far the customers of ``as_of`` are from those a model learned from, and whether its level still holds.

    ``shifts``: population stability index of each column. ``level``: of risks told whose outcome is settled, how many
    there were, how many churns were expected and how many came.
    """

    model = models.ForeignKey(ChurnModel, on_delete=models.CASCADE, related_name="drifts")
    as_of = models.DateField()
    customers = models.PositiveIntegerField()
    shifts = models.JSONField()
    level = models.JSONField()
    is_alarm = models.BooleanField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "model", "as_of"], name="churn_drift_once")]
