"""Advocacy: what customers do for us in the open, and how often they are asked for it."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Contact, Membership
from csplatform.core.tenancy import TenantModel


class AdvocacyKind(models.TextChoices):
    REFERRAL = "referral", _("Referral")
    REVIEW = "review", _("Review")
    BUSINESS_CASE = "business_case", _("Business case")
    TESTIMONIAL = "testimonial", _("Testimonial")
    EVENT = "event", _("Event")
    REFERENCE_CALL = "reference_call", _("Reference call")
    PROMOTER = "promoter", _("Promoter")


class AdvocacyState(models.TextChoices):
    SUGGESTED = "suggested", _("Suggested")
    ASKED = "asked", _("Asked")
    AGREED = "agreed", _("Agreed")
    DONE = "done", _("Done")
    THANKED = "thanked", _("Thanked")
    DECLINED = "declined", _("Declined")


class AdvocacyAct(TenantModel):
    """Something a customer does for us, at any stage: from the suggestion to the thanks.

    Each moment is when it happened, null where it did not or was left out. ``referred``: the customer a referral
    brought. ``source_key``: what made it (an answer to a survey), so that this makes it once. ``withdrawn_at``: since
    when it no longer stands, because whoever said so has said otherwise.
    """

    external_id = models.CharField(max_length=200)
    customer = models.ForeignKey("accounts.Customer", on_delete=models.CASCADE, related_name="advocacy", db_index=False)
    contact = models.ForeignKey(
        Contact, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    kind = models.CharField(max_length=16, choices=AdvocacyKind.choices)
    state = models.CharField(max_length=10, choices=AdvocacyState.choices, default=AdvocacyState.SUGGESTED)
    why = models.CharField(max_length=500, blank=True, default="")
    url = models.CharField(max_length=500, blank=True, default="")
    owner = models.ForeignKey(
        Membership, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    referred = models.ForeignKey(
        "accounts.Customer",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="brought_by",
        db_index=False,
    )
    suggested_at = models.DateTimeField()
    asked_at = models.DateTimeField(null=True, blank=True)
    agreed_at = models.DateTimeField(null=True, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)
    thanked_at = models.DateTimeField(null=True, blank=True)
    declined_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    source_key = models.CharField(max_length=200, null=True, blank=True)
    created_by_label = models.CharField(max_length=200)
    known_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "external_id"], name="advocacy_external_id_once"),
            models.UniqueConstraint(fields=["workspace", "source_key"], name="advocacy_source_once"),
        ]
        indexes = [
            models.Index(fields=["workspace", "customer", "id"], name="advocacy_of_customer"),
            models.Index(fields=["workspace", "state", "updated_at", "id"], name="advocacy_by_state"),
            models.Index(fields=["referred"], name="advocacy_brought", condition=Q(referred__isnull=False)),
            models.Index(fields=["contact"], name="advocacy_of_contact", condition=Q(contact__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}, {self.get_state_display()}"


class AdvocacyStep(TenantModel):
    """An act came to a state. Append-only: a past day's state is the last one known by then; "" is withdrawn."""

    act = models.ForeignKey(AdvocacyAct, on_delete=models.CASCADE, related_name="steps", db_index=False)
    state = models.CharField(max_length=10, choices=AdvocacyState.choices, blank=True, default="")
    occurred_at = models.DateTimeField()
    known_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    actor_label = models.CharField(max_length=200)

    class Meta:
        indexes = [models.Index(fields=["workspace", "act", "known_at", "id"], name="advocacy_steps")]


class AdvocacySilence(TenantModel):
    """Do not ask: the customer (``contact`` null) or one person of it, before ``until`` (null: for good)."""

    customer = models.ForeignKey("accounts.Customer", on_delete=models.CASCADE, related_name="+", db_index=False)
    # A silence dies with its person: kept without a name it would silence the whole customer.
    contact = models.ForeignKey(Contact, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    until = models.DateField(null=True, blank=True)
    reason = models.CharField(max_length=300)
    since = models.DateTimeField()
    by_label = models.CharField(max_length=200)
    lifted_at = models.DateTimeField(null=True, blank=True)
    lifted_by_label = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        indexes = [
            models.Index(
                fields=["workspace", "customer"], name="advocacy_silences", condition=Q(lifted_at__isnull=True)
            )
        ]


class AdvocacyRest(TenantModel):
    """How long a workspace leaves a customer, and a person, in peace after asking; days. At most one row."""

    customer_days = models.PositiveSmallIntegerField(default=30)
    contact_days = models.PositiveSmallIntegerField(default=90)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace"], name="advocacy_rest_once")]
