"""Support tickets: what customers asked of support, and how quickly they were answered."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from django_scopes import ScopedManager

from csplatform.core.tenancy import TenantModel


class TicketPriority(models.TextChoices):
    UNSAID = "", _("Not said")
    LOW = "low", _("Low")
    NORMAL = "normal", _("Normal")
    HIGH = "high", _("High")
    URGENT = "urgent", _("Urgent")


class TicketTerms(models.Model):
    """The columns a ticket and each of its versions share. ``csat``: what the customer said of it, from 1 to 5."""

    priority = models.CharField(max_length=6, choices=TicketPriority.choices, blank=True, default="")
    opened_at = models.DateTimeField()
    first_reply_at = models.DateTimeField(null=True, blank=True)
    solved_at = models.DateTimeField(null=True, blank=True)
    csat = models.PositiveSmallIntegerField(null=True, blank=True)
    known_at = models.DateTimeField()

    class Meta:
        abstract = True


class Ticket(TenantModel, TicketTerms):
    """The present version. ``erased_at``: the subject went with who wrote it, and no import brings it back."""

    external_id = models.CharField(max_length=200)
    customer = models.ForeignKey("accounts.Customer", on_delete=models.CASCADE, related_name="tickets", db_index=False)
    contact = models.ForeignKey(
        "accounts.Contact", null=True, blank=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    subject = models.CharField(max_length=300, blank=True, default="")
    recorded_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    erased_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "external_id"], name="ticket_external_id_once"),
            models.CheckConstraint(
                name="ticket_csat_from_1_to_5",
                condition=models.Q(csat__isnull=True) | models.Q(csat__gte=1, csat__lte=5),
            ),
        ]
        indexes = [
            models.Index(fields=["workspace", "customer", "opened_at", "id"], name="ticket_of_customer"),
            models.Index(fields=["workspace", "opened_at", "id"], name="ticket_by_opening"),
            models.Index(fields=["contact"], name="ticket_of_contact", condition=models.Q(contact__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.subject or self.external_id


class TicketVersion(TicketTerms):
    """What was known of a ticket, from when: written by a trigger. The last one of a deleted ticket has no customer."""

    id = models.BigAutoField(primary_key=True)
    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE, db_index=False, related_name="+")
    ticket_id = models.UUIDField()
    customer_id = models.UUIDField(null=True)
    recorded_at = models.DateTimeField()

    objects = ScopedManager(workspace="workspace_id")

    class Meta:
        indexes = [
            models.Index(fields=["workspace", "ticket_id", "known_at"], name="ticket_version_of"),
            models.Index(fields=["workspace", "customer_id", "known_at"], name="ticket_version_cust"),
            models.Index(fields=["workspace", "known_at"], name="ticket_version_known"),
        ]
