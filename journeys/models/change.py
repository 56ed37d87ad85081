"""Change: signals of it at one customer, and shocks that hit many at once."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Membership
from csplatform.core.tenancy import TenantModel
from journeys.models.engagement import Engagement


class SignalKind(models.TextChoices):
    SPONSOR_CHANGE = "sponsor_change", _("Sponsor change")
    STAFFING = "staffing", _("Hiring or lay-offs")
    USAGE_SHIFT = "usage_shift", _("Usage habits shifting")
    NEW_GOALS = "new_goals", _("New goals")
    SILENCE = "silence", _("Silence")
    OTHER = "other", _("Other")


class SignalState(models.TextChoices):
    OPEN = "open", _("Waiting for an answer")
    ANSWERED = "answered", _("Answered")
    PASSED = "passed", _("Passed by itself")


class Signal(TenantModel):
    """Something is changing at a customer. The time to response runs from ``known_at`` to ``answered_at``.

    ``source`` ("manual", "rule", "api" …) with ``source_key``: the same cause is told once. ``engagement``: the
    conversation that answered it.
    """

    external_id = models.CharField(max_length=200)
    customer = models.ForeignKey("accounts.Customer", on_delete=models.CASCADE, related_name="signals", db_index=False)
    kind = models.CharField(max_length=16, choices=SignalKind.choices)
    summary = models.CharField(max_length=300)
    note = models.TextField(blank=True, default="")
    state = models.CharField(max_length=8, choices=SignalState.choices, default=SignalState.OPEN)
    occurred_at = models.DateTimeField()
    known_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    source = models.CharField(max_length=20, default="manual")
    source_key = models.CharField(max_length=200, null=True, blank=True)
    by_label = models.CharField(max_length=200)
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.ForeignKey(
        Membership, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    answered_by_label = models.CharField(max_length=200, blank=True, default="")
    answer = models.CharField(max_length=500, blank=True, default="")
    engagement = models.ForeignKey(
        Engagement, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "external_id"], name="signal_external_id_once"),
            models.UniqueConstraint(fields=["workspace", "source", "source_key"], name="signal_once"),
            models.CheckConstraint(
                name="signal_answered_has_its_time",
                condition=Q(state="open", answered_at__isnull=True) | ~Q(state="open") & Q(answered_at__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["workspace", "state", "known_at", "id"], name="signal_queue"),
            models.Index(fields=["customer", "known_at", "id"], name="signal_of_customer"),
        ]

    def __str__(self) -> str:
        return self.summary


class ShockState(models.TextChoices):
    RUNNING = "running", _("Running")
    CLOSED = "closed", _("Closed")


class Shock(TenantModel):
    """Something hit many customers: those whom ``definition`` found when it was declared stay its customers.

    ``words``: the filter as people read it then. ``struck_on``: the day it hit, UTC. ``lesson``: what closing said.
    """

    external_id = models.CharField(max_length=200)
    name = models.CharField(max_length=200)
    note = models.TextField(blank=True, default="")
    definition: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict, blank=True)
    words = models.TextField(blank=True, default="")
    state = models.CharField(max_length=8, choices=ShockState.choices, default=ShockState.RUNNING)
    struck_on = models.DateField()
    declared_at = models.DateTimeField()
    declared_by_label = models.CharField(max_length=200)
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by_label = models.CharField(max_length=200, blank=True, default="")
    lesson = models.TextField(blank=True, default="")
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "external_id"], name="shock_external_id_once")]
        indexes = [models.Index(fields=["workspace", "declared_at", "id"], name="shock_by_time")]

    def __str__(self) -> str:
        return self.name


class ShockCustomer(TenantModel):
    """A customer exposed to a shock, as it stood at the declaration. ``points``: hundredths of its health score."""

    shock = models.ForeignKey(Shock, on_delete=models.CASCADE, related_name="exposed", db_index=False)
    customer = models.ForeignKey("accounts.Customer", on_delete=models.CASCADE, related_name="+")
    arr_minor = models.BigIntegerField(default=0)
    band = models.CharField(max_length=16, blank=True, default="")
    points = models.IntegerField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["shock", "customer"], name="shock_customer_once")]
        indexes = [models.Index(fields=["shock", "arr_minor", "id"], name="shock_customer_by_revenue")]


class ShockMember(TenantModel):
    """Somebody on the task force, with what they are there for."""

    shock = models.ForeignKey(Shock, on_delete=models.CASCADE, related_name="force", db_index=False)
    member = models.ForeignKey(Membership, on_delete=models.CASCADE, related_name="+", db_index=False)
    part = models.CharField(max_length=120, blank=True, default="")
    joined_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["shock", "member"], name="shock_member_once")]
