"""Stages of a workspace's own journey, each mapped to one of the eight macro stages, and the moves between them."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

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
    """One of the workspace's own stages; its macro stage keeps analytics and the picture working."""

    key = models.SlugField(max_length=60)
    name = models.CharField(max_length=120)
    macro = models.CharField(max_length=20, choices=Macro.choices)
    order = models.PositiveSmallIntegerField()

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


class MoveKind(models.TextChoices):
    PLACED = "placed", _("Placed by import")
    CHURNED = "churned", _("Churned")


class Move(TenantModel):
    """A customer entered a stage. Append-only: what a move meant then never changes.

    ``stage`` is null when the customer left the journey (churned). ``follows_contract``: nobody named the stage,
    it was read off the contract, and goes on following it until somebody does.
    """

    customer = models.ForeignKey("accounts.Customer", on_delete=models.CASCADE, related_name="moves", db_index=False)
    stage = models.ForeignKey(Stage, null=True, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=12, choices=MoveKind.choices)
    follows_contract = models.BooleanField(default=False)
    occurred_on = models.DateField()
    known_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    reason = models.CharField(max_length=500, blank=True, default="")
    actor_label = models.CharField(max_length=200)

    class Meta:
        indexes = [models.Index(fields=["workspace", "customer", "occurred_on", "id"], name="move_of_customer")]
