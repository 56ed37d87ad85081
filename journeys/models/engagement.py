"""Engagements: who spoke to whom, in which direction, about what; and how often each segment should be spoken to."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django_scopes import ScopedManager

from accounts.models import Membership
from csplatform.core.tenancy import TenantModel
from journeys.models.plan import Outcome


class Direction(models.TextChoices):
    VENDOR_TO_CUSTOMER = "vendor_to_customer", _("We → customer")
    CUSTOMER_TO_VENDOR = "customer_to_vendor", _("Customer → us")
    CUSTOMER_TO_CUSTOMER = "customer_to_customer", _("Customer ↔ customer")
    CUSTOMER_TO_THIRD_PARTY = "customer_to_third_party", _("Customer ↔ third party")


class Channel(models.TextChoices):
    EMAIL = "email", _("E-mail")
    CALL = "call", _("Call")
    MEETING = "meeting", _("Meeting")
    CHAT = "chat", _("Chat")
    EVENT = "event", _("Event")
    COMMUNITY = "community", _("Community")
    OTHER = "other", _("Other")


class Sentiment(models.TextChoices):
    UNSAID = "", _("Not said")
    POSITIVE = "positive", _("Good")
    NEUTRAL = "neutral", _("Neutral")
    NEGATIVE = "negative", _("Bad")


class Engagement(TenantModel):
    """One conversation. ``occurred_at``: when they spoke; ``recorded_at``: when stored.

    ``known_at`` dates what it says now of time, direction, channel, sentiment, customers and contacts; what it said
    before stays in ``EngagementVersion`` and ``EngagementContactVersion``.

    ``by``: who of us took part, where that is a member; ``by_label``: their name, or the address that was told.
    ``third_party``: who the customer spoke with, where that was neither us nor a customer. ``erased_at``: subject and
    body went with a person they told of, and no import brings them back.
    """

    external_id = models.CharField(max_length=200)
    direction = models.CharField(max_length=24, choices=Direction.choices)
    channel = models.CharField(max_length=10, choices=Channel.choices)
    occurred_at = models.DateTimeField()
    known_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    subject = models.CharField(max_length=300, blank=True, default="")
    body = models.TextField(blank=True, default="")
    sentiment = models.CharField(max_length=8, choices=Sentiment.choices, blank=True, default="")
    by = models.ForeignKey(
        Membership, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    by_label = models.CharField(max_length=254, blank=True, default="")
    third_party = models.CharField(max_length=200, blank=True, default="")
    outcome = models.ForeignKey(
        Outcome, null=True, blank=True, on_delete=models.SET_NULL, related_name="engagements", db_index=False
    )
    erased_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "external_id"], name="engagement_external_id_once")]
        indexes = [
            models.Index(fields=["workspace", "occurred_at", "id"], name="engagement_by_time"),
            models.Index(fields=["outcome"], name="engagement_for_outcome", condition=Q(outcome__isnull=False)),
            models.Index(fields=["by", "occurred_at"], name="engagement_by_member", condition=Q(by__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.subject or str(self.get_channel_display())


class EngagementCustomer(TenantModel):
    """A customer that took part. Direction, channel and time stand here once more: what timelines and filters read."""

    engagement = models.ForeignKey(Engagement, on_delete=models.CASCADE, related_name="customers", db_index=False)
    customer = models.ForeignKey(
        "accounts.Customer", on_delete=models.CASCADE, related_name="engagements", db_index=False
    )
    direction = models.CharField(max_length=24, choices=Direction.choices)
    channel = models.CharField(max_length=10, choices=Channel.choices)
    occurred_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["engagement", "customer"], name="engagement_customer_once")]
        indexes = [
            models.Index(fields=["customer", "occurred_at", "id"], name="engagement_of_customer"),
            models.Index(fields=["customer", "direction", "occurred_at"], name="engagement_of_direction"),
        ]


class EngagementVersion(models.Model):
    """What was known of an engagement of one customer, from when: written by triggers, so no path can forget it.

    Versions outlive the engagement: past scores rest on them. They hold no text and nobody's name. ``took_part`` False:
    from then on it is no conversation of this customer, because it was corrected or deleted.
    """

    id = models.BigAutoField(primary_key=True)
    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE, db_index=False, related_name="+")
    engagement_id = models.UUIDField()
    customer_id = models.UUIDField()
    took_part = models.BooleanField()
    occurred_at = models.DateTimeField()
    direction = models.CharField(max_length=24, choices=Direction.choices)
    channel = models.CharField(max_length=10, choices=Channel.choices)
    sentiment = models.CharField(max_length=8, choices=Sentiment.choices, blank=True, default="")
    known_at = models.DateTimeField()
    recorded_at = models.DateTimeField()

    objects = ScopedManager(workspace="workspace_id")

    class Meta:
        indexes = [
            models.Index(
                fields=["workspace", "customer_id", "engagement_id", "known_at"], name="engagement_version_cust"
            ),
            models.Index(fields=["workspace", "known_at"], name="engagement_version_known"),
        ]


class EngagementContact(TenantModel):
    """A contact that took part."""

    engagement = models.ForeignKey(Engagement, on_delete=models.CASCADE, related_name="contacts", db_index=False)
    contact = models.ForeignKey("accounts.Contact", on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["engagement", "contact"], name="engagement_contact_once")]


class EngagementContactVersion(models.Model):
    """Who was known to have taken part, from when. ``took_part`` False: from then on they are known not to have.

    Pseudonymous, as ``EngagementVersion`` is: an id that names nobody once the contact is gone.
    """

    id = models.BigAutoField(primary_key=True)
    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE, db_index=False, related_name="+")
    engagement_id = models.UUIDField()
    contact_id = models.UUIDField()
    took_part = models.BooleanField()
    known_at = models.DateTimeField()
    recorded_at = models.DateTimeField()

    objects = ScopedManager(workspace="workspace_id")

    class Meta:
        indexes = [
            models.Index(fields=["workspace", "contact_id", "engagement_id"], name="engagement_contact_version"),
            models.Index(fields=["workspace", "engagement_id"], name="engagement_contact_of_version"),
        ]


class Cadence(TenantModel):
    """Who is to be spoken to how often: customers of ``definition`` every ``every_days`` days.

    A customer follows the first cadence, by ``position``, whose filter finds it. ``direction`` empty: any counts.
    """

    name = models.CharField(max_length=120)
    definition: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict, blank=True)
    every_days = models.PositiveSmallIntegerField()
    direction = models.CharField(max_length=24, choices=Direction.choices, blank=True, default="")
    position = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField()
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ("position", "id")
        constraints = [models.UniqueConstraint(fields=["workspace", "name"], name="cadence_name_once")]

    def __str__(self) -> str:
        return self.name
