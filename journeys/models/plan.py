"""The success plan: outcomes the customer expects, in its words, with KPIs, dated measurements and wins.

Outcomes and KPIs evolve: what they say stands in versions that are never changed, each with its reason. Status is
computed (``journeys.plan``), never typed; only a settlement by name (waived, dropped) is a decision of people.
"""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from csplatform.core.tenancy import TenantModel
from journeys.models.flight import Lap


class OutcomeKind(models.TextChoices):
    OUTCOME = "outcome", _("Expected outcome")
    TRIAL = "trial", _("Trial criterion")


class Settlement(models.TextChoices):
    NONE = "", _("Open")
    MET = "met", _("Met, by name")
    MISSED = "missed", _("Missed, by name")
    WAIVED = "waived", _("Waived, by name")
    DROPPED = "dropped", _("No longer wanted")


class Confidence(models.TextChoices):
    NONE = "", _("Not said")
    HIGH = "high", _("High")
    MEDIUM = "medium", _("Medium")
    LOW = "low", _("Low")


class Outcome(TenantModel):
    """Something the customer expects. The present words, owner and due date are those of its newest version."""

    external_id = models.CharField(max_length=200)
    customer = models.ForeignKey("accounts.Customer", on_delete=models.CASCADE, related_name="outcomes", db_index=False)
    lap = models.ForeignKey(Lap, null=True, on_delete=models.SET_NULL, related_name="outcomes", db_index=False)
    kind = models.CharField(max_length=8, choices=OutcomeKind.choices, default=OutcomeKind.OUTCOME)
    settlement = models.CharField(max_length=8, choices=Settlement.choices, blank=True, default="")
    settled_at = models.DateTimeField(null=True, blank=True)
    settled_by_label = models.CharField(max_length=200, blank=True, default="")
    settled_reason = models.CharField(max_length=500, blank=True, default="")
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "external_id"], name="outcome_external_id_once")]
        indexes = [models.Index(fields=["workspace", "customer", "id"], name="outcome_of_customer")]


class OutcomeVersion(TenantModel):
    """What an outcome said from ``effective_on`` on, and why it changed. Append-only.

    ``settlement``: how people had settled it by then; settling and opening again are versions like any other change.
    """

    outcome = models.ForeignKey(Outcome, on_delete=models.CASCADE, related_name="versions", db_index=False)
    number = models.PositiveSmallIntegerField()
    statement = models.CharField(max_length=500)
    due_on = models.DateField(null=True, blank=True)
    confidence = models.CharField(max_length=6, choices=Confidence.choices, blank=True, default="")
    settlement = models.CharField(max_length=8, choices=Settlement.choices, blank=True, default="")
    reason = models.CharField(max_length=500, blank=True, default="")
    effective_on = models.DateField()
    known_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    actor_label = models.CharField(max_length=200)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["outcome", "number"], name="outcome_version_once")]


class KpiDirection(models.TextChoices):
    UP = "up", _("Higher is better")
    DOWN = "down", _("Lower is better")


class Kpi(TenantModel):
    """How an outcome is told: one figure with a unit. Baseline, target and due date stand in its versions."""

    external_id = models.CharField(max_length=200)
    outcome = models.ForeignKey(Outcome, on_delete=models.CASCADE, related_name="kpis")
    retired_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "external_id"], name="kpi_external_id_once")]


class KpiVersion(TenantModel):
    """What a KPI aimed at from ``effective_on`` on. Append-only. ``target`` and ``baseline`` are never equal.

    ``measured_by``: who measures, in words. ``measure_key``: a usage measure it is read from by itself, or empty.
    ``confirmed_at``: when the customer agreed to it on the shared plan.
    """

    kpi = models.ForeignKey(Kpi, on_delete=models.CASCADE, related_name="versions", db_index=False)
    number = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=200)
    unit = models.CharField(max_length=40, blank=True, default="")
    direction = models.CharField(max_length=4, choices=KpiDirection.choices)
    baseline = models.DecimalField(max_digits=20, decimal_places=4)
    target = models.DecimalField(max_digits=20, decimal_places=4)
    due_on = models.DateField(null=True, blank=True)
    measured_by = models.CharField(max_length=200, blank=True, default="")
    measure_key = models.CharField(max_length=60, blank=True, default="")
    reason = models.CharField(max_length=500, blank=True, default="")
    effective_on = models.DateField()
    known_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    actor_label = models.CharField(max_length=200)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    confirmed_by = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kpi", "number"], name="kpi_version_once"),
            models.CheckConstraint(name="kpi_has_a_way_to_go", condition=~models.Q(target=models.F("baseline"))),
        ]


class Measurement(TenantModel):
    """A KPI's value on a day. A corrected one is a new row that ``replaces`` the old: the past can be rebuilt.

    ``withdrawn_at``: when it was said to have been recorded by mistake, with its reason. ``reason``: why this row
    corrects another.
    """

    external_id = models.CharField(max_length=200, null=True, blank=True)
    kpi = models.ForeignKey(Kpi, on_delete=models.CASCADE, related_name="measurements", db_index=False)
    value = models.DecimalField(max_digits=20, decimal_places=4)
    measured_on = models.DateField()
    note = models.CharField(max_length=500, blank=True, default="")
    source = models.CharField(max_length=20, default="form")
    known_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    replaced_by = models.OneToOneField("self", null=True, on_delete=models.SET_NULL, related_name="replaces")
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_reason = models.CharField(max_length=500, blank=True, default="")
    reason = models.CharField(max_length=500, blank=True, default="")
    actor_label = models.CharField(max_length=200)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "external_id"],
                name="measurement_external_id_once",
                condition=models.Q(replaced_by__isnull=True),
            )
        ]
        indexes = [models.Index(fields=["workspace", "kpi", "measured_on", "id"], name="measurement_of_kpi")]


class Win(TenantModel):
    """Value that came back, worth celebrating: a KPI reached its target, or somebody said so.

    ``by_rule``: recorded by itself when a measurement reached the target; taken back when a correction undoes that
    before anybody has celebrated it or told its story.
    """

    external_id = models.CharField(max_length=200, null=True, blank=True)
    customer = models.ForeignKey("accounts.Customer", on_delete=models.CASCADE, related_name="wins", db_index=False)
    lap = models.ForeignKey(Lap, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False)
    outcome = models.ForeignKey(Outcome, null=True, on_delete=models.SET_NULL, related_name="wins")
    kpi = models.ForeignKey(Kpi, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False)
    title = models.CharField(max_length=300)
    story = models.TextField(blank=True, default="")
    happened_on = models.DateField()
    celebrated_at = models.DateTimeField(null=True, blank=True)
    celebrated_by_label = models.CharField(max_length=200, blank=True, default="")
    by_rule = models.BooleanField(default=False)
    version = models.PositiveIntegerField(default=1)
    known_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    actor_label = models.CharField(max_length=200)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "external_id"], name="win_external_id_once"),
            models.UniqueConstraint(fields=["kpi"], name="win_of_kpi_once", condition=models.Q(kpi__isnull=False)),
        ]
        indexes = [models.Index(fields=["workspace", "customer", "happened_on"], name="win_of_customer")]
