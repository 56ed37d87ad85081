"""Stages of a workspace's own journey, each mapped to one of the eight macro stages, and what they take."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from accounts.roles import Department
from csplatform.core.tenancy import TenantModel


class Macro(models.TextChoices):
    AWARENESS = "awareness", _("Awareness")
    CONSIDERATION = "consideration", _("Consideration")
    TRIAL = "trial", _("Trial")
    DECISION = "decision", _("Decision & contract")
    ADOPTION = "adoption", _("Adoption")
    PERFORMANCE = "performance", _("Performance")
    TRANSFORMATION = "transformation", _("Transformation")
    ADVOCACY = "advocacy", _("Advocacy")

    @property
    def default_name(self) -> str:
        """What a new workspace's stage is called in the database, whatever language is active."""
        with override("en"):
            return str(self.label)


class Phase(models.TextChoices):
    DEMAND = "demand", _("Demand")
    TURNAROUND = "turnaround", _("Turnaround")
    EXPAND = "expand", _("Expand")
    BOOMERANG = "boomerang", _("Boomerang")


PHASE_OF: dict[Macro, Phase] = {
    Macro.AWARENESS: Phase.DEMAND,
    Macro.CONSIDERATION: Phase.DEMAND,
    Macro.TRIAL: Phase.DEMAND,
    Macro.DECISION: Phase.DEMAND,
    Macro.ADOPTION: Phase.TURNAROUND,
    Macro.PERFORMANCE: Phase.EXPAND,
    Macro.TRANSFORMATION: Phase.EXPAND,
    Macro.ADVOCACY: Phase.BOOMERANG,
}


class Stage(TenantModel):
    """One of the workspace's own stages; its macro stage keeps analytics and the picture working.

    A stage that has history is never deleted: it is retired, and whoever stands there is moved first. ``order`` counts
    stages in use from 0; a retired one has none. ``expected_days``: how long customers should stay; null: no saying.
    """

    key = models.SlugField(max_length=60)
    name = models.CharField(max_length=120)
    macro = models.CharField(max_length=20, choices=Macro.choices)
    order = models.PositiveSmallIntegerField(null=True)
    description = models.CharField(max_length=500, blank=True, default="")
    department = models.CharField(max_length=20, choices=Department.choices, blank=True, default="")
    expected_days = models.PositiveSmallIntegerField(null=True, blank=True)
    retired_at = models.DateTimeField(null=True, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "key"], name="stage_key_once"),
            models.UniqueConstraint(
                fields=["workspace", "order"], name="stage_order_once", deferrable=models.Deferrable.DEFERRED
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def label(self) -> str:
        """The name as the reader sees it: a name the workspace never changed is in the reader's language."""
        macro = Macro(self.macro)
        return str(macro.label) if self.name == macro.default_name else self.name

    @property
    def phase(self) -> Phase:
        return PHASE_OF[Macro(self.macro)]

    @property
    def is_before_contract(self) -> bool:
        return self.phase is Phase.DEMAND


class Side(models.TextChoices):
    ENTRY = "entry", _("To enter")
    EXIT = "exit", _("To leave forwards")


class CriterionKind(models.TextChoices):
    FIELD = "field", _("A field is filled in")
    CONTRACT = "contract", _("The contract is signed")
    SPONSOR = "sponsor", _("A sponsor is named")
    TEAM_ROLE = "team_role", _("A role of the account team is held")
    OUTCOME_DEFINED = "outcome_defined", _("An outcome with a KPI is defined")
    OUTCOME_MET = "outcome_met", _("Every outcome of the lap is met or settled by name")
    TRIAL_CRITERIA = "trial_criteria", _("Every trial criterion is met, missed or waived by name")
    WIN = "win", _("A win is recorded")
    MEASURE = "measure", _("A measure is over a threshold")
    ADOPTION = "adoption", _("The share of activated people is over a threshold")


class StageCriterion(TenantModel):
    """One thing that must hold before a stage is entered, or left forwards; as data, checked by ``journeys.flight``.

    ``params`` by kind: field {"field"}, team_role {"role"}, measure {"measure", "at_least"}, adoption {"percent"};
    empty for the others. Every one that does not hold is named when a move is refused; an override passes them by name.
    """

    stage = models.ForeignKey(Stage, on_delete=models.CASCADE, related_name="criteria")
    side = models.CharField(max_length=5, choices=Side.choices)
    kind = models.CharField(max_length=16, choices=CriterionKind.choices)
    params = models.JSONField(default=dict, blank=True)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ("position", "id")
        indexes = [models.Index(fields=["workspace", "stage"], name="criterion_of_stage")]
