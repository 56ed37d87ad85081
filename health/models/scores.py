"""Scores: the present one per customer, snapshots of closed days, who waits to be scored, and full runs."""

from __future__ import annotations

from datetime import date

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _
from django_scopes import ScopedManager

from accounts.models.customers import HealthBand
from csplatform.core.models import Job
from csplatform.core.tenancy import TenantModel
from health.models.churn import ChurnModel
from health.models.definitions import ScorecardVersion
from health.models.overrides import HealthOverride
from health.risk import HORIZON_DAYS


class ChurnMethod(models.TextChoices):
    MODEL = "model", _("Model")
    RULES = "rules", _("Rules")
    NONE = "none", _("None")


class ScoreFields(models.Model):
    """What a score consists of. Points come from ``values`` and the version's content, so they are not stored.

    ``points``: score in hundredths (0–10,000), null when unknown or not applicable. ``coverage`` in percent.
    ``values``: raw values in the order of the version's measures, NaN where missing. Risks in basis points.
    ``override``: the one that acted, so that with its version a row explains itself.
    ``risk_inputs``: what the churn rules read, in the order of ``health.risk.INPUTS``; behind it what ``churn_model``
    read, in the order of its columns, when one was in force. ``churn_method`` says whose the risk is.
    """

    scorecard_version = models.ForeignKey(ScorecardVersion, on_delete=models.PROTECT, related_name="+", db_index=False)
    computed_at = models.DateTimeField()
    points = models.IntegerField(null=True)
    band = models.CharField(max_length=14, choices=HealthBand.choices)
    coverage = models.PositiveSmallIntegerField()
    values = ArrayField(models.FloatField())
    risk_inputs = ArrayField(models.FloatField())
    churn_risk = models.IntegerField(null=True)
    churn_risk_low = models.IntegerField(null=True)
    churn_risk_high = models.IntegerField(null=True)
    churn_method = models.CharField(max_length=6, choices=ChurnMethod.choices, default=ChurnMethod.NONE)
    # Both go with the customer, in whichever order: no constraint between them.
    override = models.ForeignKey(
        HealthOverride, null=True, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    churn_horizon = models.PositiveSmallIntegerField(default=HORIZON_DAYS, db_default=HORIZON_DAYS)
    churn_model = models.ForeignKey(ChurnModel, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)

    class Meta:
        abstract = True


class HealthScore(ScoreFields):
    """The present score of a customer as of ``as_of`` (today, UTC).

    ``computed_at`` covers every event acknowledged before it.
    """

    customer = models.OneToOneField("accounts.Customer", primary_key=True, on_delete=models.CASCADE, related_name="+")
    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE, db_index=False, related_name="+")
    as_of = models.DateField()

    objects = ScopedManager(workspace="workspace_id")


class HealthSnapshot(ScoreFields):
    """The score of a closed day. Rows never change; what comes late appends a revision.

    ``known_through``: facts known later did not take part. The end of the day itself in an ordinary snapshot;
    later in one that shows what late data would have said.
    ``recorded_through``: facts stored later did not take part, whenever they claim to have been known.
    ``grace_days``, ``data_through``: the workspace's, by which contracts were read then; no grace in rows from before
    it was kept.
    """

    id = models.BigAutoField(primary_key=True)
    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE, db_index=False, related_name="+")
    customer = models.ForeignKey("accounts.Customer", on_delete=models.CASCADE, db_index=False, related_name="+")
    as_of = models.DateField()
    revision = models.PositiveSmallIntegerField(default=0)
    known_through = models.DateTimeField()
    recorded_through = models.DateTimeField()
    grace_days = models.PositiveSmallIntegerField(null=True)
    data_through = models.DateField(null=True)

    objects = ScopedManager(workspace="workspace_id")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "customer", "as_of", "revision"], name="snapshot_once")
        ]
        indexes = [models.Index(fields=["workspace", "as_of", "customer"], name="snapshot_of_day")]


class DirtyCustomer(models.Model):
    """A customer whose score must be refreshed. Ids only, so outside row-level security: the sweep serves all.

    Writers upsert with DO UPDATE (holding the row until they commit); the refresh deletes with SKIP LOCKED
    before it reads, so no arrival between the two can be lost.
    """

    pk = models.CompositePrimaryKey("workspace_id", "customer_id")
    workspace_id = models.UUIDField()
    customer_id = models.UUIDField()
    since = models.DateTimeField()


class LateArrival(models.Model):
    """A customer with facts of closed days that arrived afterwards: snapshots from ``from_day`` on get a revision.

    Ids only, so outside row-level security: the sweep serves all. ``marked_at``: the latest mark. ``is_known_late``:
    some were known after their day; facts that only claim to have been known then are in snapshots computed since.
    """

    pk = models.CompositePrimaryKey("workspace_id", "customer_id")
    workspace_id = models.UUIDField()
    customer_id = models.UUIDField()
    from_day = models.DateField()
    marked_at = models.DateTimeField()
    is_known_late = models.BooleanField(default=True, db_default=True)


class AdoptionMark(models.Model):
    """A customer whose people are to be followed anew from ``from_day`` on.

    ``known_from``: the earliest day on which some of the new use was known; the last of all days without new use.
    Ids only, so outside row-level security: the sweep serves all. Written and taken as ``DirtyCustomer`` is.
    """

    pk = models.CompositePrimaryKey("workspace_id", "customer_id")
    workspace_id = models.UUIDField()
    customer_id = models.UUIDField()
    from_day = models.DateField()
    known_from = models.DateField(default=date.max, db_default=date.max)


class ChurnBaseRate(TenantModel):
    """How often customers of the workspace churn, as used for present scores of a day.

    ``churns`` in the year before ``as_of`` over ``exposure_days`` of customers under contract.
    """

    as_of = models.DateField()
    churns = models.PositiveIntegerField()
    exposure_days = models.PositiveBigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "as_of"], name="churn_base_rate_once")]


class ScoringRun(TenantModel):
    """A full run: shards are claimed one by one by any number of workers, so a run survives any of them."""

    class Kind(models.TextChoices):
        CURRENT = "current", _("Present scores")
        CLOSE_DAY = "close_day", _("Closing a day")
        BACKFILL = "backfill", _("Past days")

    kind = models.CharField(max_length=10, choices=Kind.choices)
    job = models.OneToOneField(Job, on_delete=models.CASCADE, related_name="scoring_run")
    days = ArrayField(models.DateField())
    shards = models.PositiveIntegerField()
    created_at = models.DateTimeField()


class ScoringShard(TenantModel):
    """One slice of a run's customers, by id range: first inclusive, last inclusive."""

    run = models.ForeignKey(ScoringRun, on_delete=models.CASCADE, related_name="shard_rows")
    number = models.PositiveIntegerField()
    first_id = models.UUIDField()
    last_id = models.UUIDField()
    customers = models.PositiveIntegerField()
    done_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "number"], name="scoring_shard_once")]
