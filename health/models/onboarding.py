"""A workspace's way from its own files to a proof: which files, and how far each step has come."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from csplatform.core.models import Job
from csplatform.core.tenancy import TenantModel
from health.models.definitions import ScorecardVersion
from health.models.scores import ScoringRun


class Onboarding(TenantModel):
    """One row a workspace. What a step has done stands in the run or job it names; a step done anew names the newer.

    ``importing_since``: files are carried in one after another until none is left. ``proving_since``: publishing,
    back-fill and training follow one another until the proof is there. ``problem``: why that stopped, in words, until
    it goes on. ``draft``: the items of the scorecard that was chosen, as ``definitions.Draft`` takes them, each with
    its measure. ``horizon_days``: how far ahead a churn counts in the training.
    """

    started_at = models.DateTimeField()
    started_by_id = models.UUIDField(null=True)
    through = models.DateField(
        null=True, help_text=_("The files are complete up to this day; empty: data keeps coming.")
    )
    importing_since = models.DateTimeField(null=True)
    proving_since = models.DateTimeField(null=True)
    problem = models.TextField(default="", blank=True)
    horizon_days = models.PositiveSmallIntegerField(null=True)
    draft: models.JSONField[list[dict[str, Any]] | None, list[dict[str, Any]] | None] = models.JSONField(null=True)
    version = models.ForeignKey(ScorecardVersion, null=True, on_delete=models.SET_NULL, related_name="+")
    backfill = models.ForeignKey(ScoringRun, null=True, on_delete=models.SET_NULL, related_name="+")
    training = models.ForeignKey(Job, null=True, on_delete=models.SET_NULL, related_name="+")
    dismissed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace"], name="onboarding_once")]


class OnboardingFile(TenantModel):
    """A file that was brought on this way. ``look``: what was seen in it, see ``health.onboarding.files``."""

    run = models.OneToOneField("accounts.ImportRun", on_delete=models.CASCADE, related_name="onboarding_file")
    look = models.JSONField(default=dict)
    added_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["workspace", "added_at"], name="onboarding_files")]
