"""How the departments share the journey: who answers for what at a stage, and the tempo each sets itself."""

from __future__ import annotations

from decimal import Decimal

from django.core.validators import MinValueValidator
from django.db import models

from accounts.roles import Department
from csplatform.core.tenancy import TenantModel
from journeys.models.stages import Stage

_ABOVE_NOTHING = [MinValueValidator(Decimal("0.1"))]


class Responsibility(TenantModel):
    """What a department does for customers at a stage, in the workspace's words.

    A pair without a row reads as the stage's macro stage suggests (``journeys.team_defaults``); an empty text means
    that the department has no part there. Who carries the stage is ``Stage.department``.
    """

    stage = models.ForeignKey(Stage, on_delete=models.CASCADE, related_name="responsibilities", db_index=False)
    department = models.CharField(max_length=20, choices=Department.choices)
    words = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["stage", "department"], name="responsibility_once")]

    def __str__(self) -> str:
        return f"{self.get_department_display()}: {self.words}"


class DepartmentTempo(TenantModel):
    """The tempo a department sets itself; null: no target. How long customers stay is set by stage (``expected_days``).

    ``handover_days``: working days to answer a handover. ``contacts``: conversations per customer and 30 days, at
    least. ``request_days`` and ``signal_days``: days to the first answer to a request, and to a signal of change.
    """

    department = models.CharField(max_length=20, choices=Department.choices)
    handover_days = models.PositiveSmallIntegerField(null=True, blank=True, validators=[MinValueValidator(1)])
    contacts = models.DecimalField(max_digits=4, decimal_places=1, null=True, blank=True, validators=_ABOVE_NOTHING)
    request_days = models.PositiveSmallIntegerField(null=True, blank=True, validators=[MinValueValidator(1)])
    signal_days = models.PositiveSmallIntegerField(null=True, blank=True, validators=[MinValueValidator(1)])
    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "department"], name="department_tempo_once")]

    def __str__(self) -> str:
        return str(self.get_department_display())
