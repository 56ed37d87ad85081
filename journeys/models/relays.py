"""Handovers (relays): a customer passed from one department to the next, offered, checked, accepted or declined."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django_scopes import ScopedManager

from accounts.models import Membership
from accounts.roles import Department
from csplatform.core.tenancy import TenantModel
from journeys.models.flight import Lap, Move
from journeys.models.stages import Stage


class RelayTemplate(TenantModel):
    """Moving on from one stage to another takes a handover between these departments, due in so many working days."""

    from_stage = models.ForeignKey(Stage, on_delete=models.CASCADE, related_name="+", db_index=False)
    to_stage = models.ForeignKey(Stage, on_delete=models.CASCADE, related_name="+", db_index=False)
    giver_department = models.CharField(max_length=20, choices=Department.choices)
    taker_department = models.CharField(max_length=20, choices=Department.choices)
    due_working_days = models.PositiveSmallIntegerField(default=3)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "from_stage", "to_stage"], name="relay_template_once")
        ]


class RelayTemplateItem(TenantModel):
    """A line of the checklist. ``required``: the handover cannot be accepted before it is ticked."""

    template = models.ForeignKey(RelayTemplate, on_delete=models.CASCADE, related_name="items")
    position = models.PositiveSmallIntegerField(default=0)
    text = models.CharField(max_length=300)
    required = models.BooleanField(default=False)

    class Meta:
        ordering = ("position", "id")


class RelayState(models.TextChoices):
    OFFERED = "offered", _("Waiting")
    ACCEPTED = "accepted", _("Accepted")
    DECLINED = "declined", _("Declined")
    WITHDRAWN = "withdrawn", _("Withdrawn")


class DeclineCause(models.TextChoices):
    """Why a handover was refused, to count by; the words stand beside it."""

    OTHER = "", _("Another reason")
    INCOMPLETE = "incomplete", _("Something is missing")
    TOO_EARLY = "too_early", _("Too early")
    NO_CAPACITY = "no_capacity", _("Nobody free to take it")
    WRONG_ADDRESS = "wrong_address", _("Meant for somebody else")
    NO_FIT = "no_fit", _("The customer does not fit")


class Relay(TenantModel):
    """One handover. Offered once and decided once; a new offer after a refusal is a row of its own (``reoffers``).

    ``taker`` null, or somebody who left: anybody of the department may accept; once accepted, who took it. ``due_at``:
    by the workspace's working days. ``known_at`` dates what it says now; what it said before stays in
    ``RelayVersion``. ``move``: what its acceptance did. ``promises``: the outcomes carried along as they
    read when it was offered: [{"outcome", "version", "statement"}].
    """

    external_id = models.CharField(max_length=200, null=True, blank=True)
    customer = models.ForeignKey("accounts.Customer", on_delete=models.CASCADE, related_name="relays", db_index=False)
    lap = models.ForeignKey(Lap, null=True, on_delete=models.SET_NULL, related_name="relays", db_index=False)
    from_stage = models.ForeignKey(Stage, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    to_stage = models.ForeignKey(Stage, on_delete=models.PROTECT, related_name="+", db_index=False)
    giver_department = models.CharField(max_length=20, choices=Department.choices)
    giver = models.ForeignKey(Membership, null=True, on_delete=models.SET_NULL, related_name="relays_given")
    taker_department = models.CharField(max_length=20, choices=Department.choices)
    taker = models.ForeignKey(Membership, null=True, on_delete=models.SET_NULL, related_name="relays_taken")
    state = models.CharField(max_length=10, choices=RelayState.choices, default=RelayState.OFFERED)
    reason = models.CharField(max_length=500, blank=True, default="")
    note = models.TextField(blank=True, default="")
    promises = models.JSONField(default=list, blank=True)
    offered_at = models.DateTimeField()
    due_at = models.DateTimeField()
    escalated_at = models.DateTimeField(null=True)
    decided_at = models.DateTimeField(null=True)
    decided_by_label = models.CharField(max_length=200, blank=True, default="")
    decline_cause = models.CharField(max_length=14, choices=DeclineCause.choices, blank=True, default="")
    decline_reason = models.CharField(max_length=500, blank=True, default="")
    move = models.OneToOneField(Move, null=True, on_delete=models.SET_NULL, related_name="relay")
    reoffers = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="+", db_index=False)
    known_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "external_id"], name="relay_external_id_once"),
            models.UniqueConstraint(fields=["customer"], name="relay_open_once", condition=Q(state="offered")),
        ]
        indexes = [
            models.Index(fields=["workspace", "customer", "id"], name="relay_of_customer"),
            models.Index(fields=["workspace", "due_at"], name="relay_waiting", condition=Q(state="offered")),
            models.Index(fields=["workspace", "offered_at"], name="relay_by_offer"),
        ]


class RelayVersion(models.Model):
    """What was known of a handover, from when: written by a trigger, so no path can forget it."""

    id = models.BigAutoField(primary_key=True)
    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE, db_index=False, related_name="+")
    relay_id = models.UUIDField()
    customer_id = models.UUIDField(null=True)
    state = models.CharField(max_length=10, choices=RelayState.choices)
    offered_at = models.DateTimeField()
    due_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)
    known_at = models.DateTimeField()
    recorded_at = models.DateTimeField()

    objects = ScopedManager(workspace="workspace_id")

    class Meta:
        indexes = [
            models.Index(fields=["workspace", "relay_id", "known_at"], name="relay_version_of"),
            models.Index(fields=["workspace", "customer_id", "known_at"], name="relay_version_cust"),
        ]


class RelayItem(TenantModel):
    """A line of this handover's checklist, copied from the template when it was offered."""

    relay = models.ForeignKey(Relay, on_delete=models.CASCADE, related_name="items")
    position = models.PositiveSmallIntegerField(default=0)
    text = models.CharField(max_length=300)
    required = models.BooleanField(default=False)
    done_at = models.DateTimeField(null=True, blank=True)
    done_by_label = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        ordering = ("position", "id")
