"""Laps and moves: each throw of the boomerang, and every stage a customer entered on it."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Membership
from csplatform.core.tenancy import TenantModel
from journeys.models.stages import Stage


class LapKind(models.TextChoices):
    FIRST_SALE = "first_sale", _("First sale")
    RENEWAL = "renewal", _("Renewal")
    EXPANSION = "expansion", _("Expansion")
    RETURN = "return", _("Return after churn")


class Lap(TenantModel):
    """One throw: from ``began_on`` until the next throw, or until the customer was lost (``ended_on``).

    ``gained_arr_minor``: yearly revenue this lap added (negative: lost), in minor units of the workspace's currency, as
    the subscriptions say. ``subscription``: the one that threw it; null, as ``sold_on``, while it waits for its sale.
    """

    external_id = models.CharField(max_length=200, blank=True, default="")
    customer = models.ForeignKey("accounts.Customer", on_delete=models.CASCADE, related_name="laps", db_index=False)
    number = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=12, choices=LapKind.choices)
    began_on = models.DateField()
    ended_on = models.DateField(null=True, blank=True)
    subscription = models.ForeignKey(
        "accounts.Subscription", null=True, blank=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    gained_arr_minor = models.BigIntegerField(default=0)
    sold_on = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["customer", "number"], name="lap_number_once"),
            models.UniqueConstraint(fields=["customer"], name="lap_open_once", condition=Q(ended_on__isnull=True)),
        ]
        indexes = [models.Index(fields=["workspace", "began_on"], name="lap_by_day")]


class MoveKind(models.TextChoices):
    PLACED = "placed", _("Placed by import")
    FORWARD = "forward", _("Moved on")
    BACK = "back", _("Moved back")
    THROWN = "thrown", _("Thrown again")
    CHURNED = "churned", _("Churned")
    REGROUPED = "regrouped", _("Stages regrouped")


class Force(models.TextChoices):
    """What grounds a boomerang."""

    COMPETITOR = "competitor", _("A competitor")
    INTERNAL = "internal", _("An event inside the customer")
    EXTERNAL = "external", _("The market, the law, an outside event")
    VENDOR = "vendor", _("Made by us")


class Move(TenantModel):
    """A customer entered a stage. Append-only: what it meant then never changes; only a churn's force is named later.

    ``stage`` is null when the customer left the journey (churned). ``number`` counts a customer's moves from 1 in the
    order they were recorded. ``follows_contract``: nobody named the stage, it was read off the contract, and goes on
    following it until somebody does. ``override``: entered although ``passed_over`` (criteria keys, "relay") did not
    hold, by the name in ``actor_label``. ``from_stage``: where it stood before; null for the first and after churn.
    ``begins_lap``: the kind of lap this very move threw, before anything was signed; empty for all others.
    ``stayed_days``: how long it had stood there, written by ``services.stays``.
    """

    external_id = models.CharField(max_length=200, null=True, blank=True)
    customer = models.ForeignKey("accounts.Customer", on_delete=models.CASCADE, related_name="moves", db_index=False)
    lap = models.ForeignKey(Lap, null=True, on_delete=models.SET_NULL, related_name="moves", db_index=False)
    number = models.PositiveIntegerField()
    from_stage = models.ForeignKey(Stage, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    stage = models.ForeignKey(Stage, null=True, on_delete=models.PROTECT, related_name="+")
    stayed_days = models.IntegerField(null=True, editable=False)
    kind = models.CharField(max_length=12, choices=MoveKind.choices)
    follows_contract = models.BooleanField(default=False)
    occurred_on = models.DateField()
    known_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    reason = models.CharField(max_length=500, blank=True, default="")
    override = models.BooleanField(default=False)
    begins_lap = models.CharField(max_length=12, choices=LapKind.choices, blank=True, default="")
    passed_over = models.JSONField(default=list, blank=True)
    force = models.CharField(max_length=12, choices=Force.choices, blank=True, default="")
    force_note = models.CharField(max_length=500, blank=True, default="")
    force_by = models.ForeignKey(Membership, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False)
    force_at = models.DateTimeField(null=True, blank=True)
    actor_label = models.CharField(max_length=200)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["customer", "number"], name="move_number_once"),
            models.UniqueConstraint(fields=["workspace", "external_id"], name="move_external_id_once"),
        ]
        indexes = [
            models.Index(fields=["workspace", "customer", "occurred_on", "id"], name="move_of_customer"),
            models.Index(
                fields=["workspace", "occurred_on"],
                include=["stage", "from_stage", "stayed_days", "kind"],
                name="move_by_day",
            ),
        ]
