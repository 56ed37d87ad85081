"""Invoices and opportunities: what was billed and what may be sold, and what was known of both on which day."""

from __future__ import annotations

from django.core.validators import MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _
from django_scopes import ScopedManager

from accounts.models.customers import Customer
from csplatform.core.tenancy import TenantModel


class InvoiceTerms(models.Model):
    """The columns an invoice and each of its versions share. Money in minor units of ``currency``.

    ``due_on`` empty: no due day was told, and it is never overdue.
    """

    issued_on = models.DateField()
    due_on = models.DateField(null=True, blank=True)
    paid_on = models.DateField(null=True, blank=True)
    amount_minor = models.BigIntegerField(validators=[MinValueValidator(0)])
    currency = models.CharField(max_length=3)
    known_at = models.DateTimeField()

    class Meta:
        abstract = True


class Invoice(TenantModel, InvoiceTerms):
    """The present version."""

    external_id = models.CharField(max_length=200)
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="invoices", db_index=False)
    recorded_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "external_id"], name="invoice_external_id_once"),
            models.CheckConstraint(
                name="invoice_due_after_issue",
                condition=models.Q(due_on__isnull=True) | models.Q(due_on__gte=models.F("issued_on")),
            ),
            models.CheckConstraint(name="invoice_amount_not_negative", condition=models.Q(amount_minor__gte=0)),
        ]
        indexes = [
            models.Index(fields=["workspace", "customer", "issued_on"], name="invoice_of_customer"),
            models.Index(fields=["workspace", "issued_on", "id"], name="invoice_by_issue"),
        ]

    def __str__(self) -> str:
        return self.external_id


class InvoiceVersion(InvoiceTerms):
    """What was known of an invoice, from when: written by a trigger. The last of a deleted one has no customer."""

    id = models.BigAutoField(primary_key=True)
    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE, db_index=False, related_name="+")
    invoice_id = models.UUIDField()
    customer_id = models.UUIDField(null=True)
    recorded_at = models.DateTimeField()

    objects = ScopedManager(workspace="workspace_id")

    class Meta:
        indexes = [
            models.Index(fields=["workspace", "invoice_id", "known_at"], name="invoice_version_of"),
            models.Index(fields=["workspace", "customer_id", "known_at"], name="invoice_version_cust"),
            models.Index(fields=["workspace", "known_at"], name="invoice_version_known"),
        ]


class OpportunityKind(models.TextChoices):
    FIRST_SALE = "first_sale", _("First sale")
    EXPANSION = "expansion", _("Expansion")
    RENEWAL = "renewal", _("Renewal")


class OpportunityTerms(models.Model):
    """The columns an opportunity and each of its versions share.

    ``stage``: the seller's own word. ``won`` empty: still open, and ``closed_on`` is the day it is expected to close.
    """

    kind = models.CharField(max_length=10, choices=OpportunityKind.choices)
    amount_minor = models.BigIntegerField(null=True, blank=True, validators=[MinValueValidator(0)])
    currency = models.CharField(max_length=3)
    stage = models.CharField(max_length=120, blank=True, default="")
    opened_on = models.DateField()
    closed_on = models.DateField(null=True, blank=True)
    won = models.BooleanField(null=True, blank=True)
    known_at = models.DateTimeField()

    class Meta:
        abstract = True


class Opportunity(TenantModel, OpportunityTerms):
    """The present version."""

    external_id = models.CharField(max_length=200)
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="opportunities", db_index=False)
    recorded_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    version = models.PositiveIntegerField(default=1)

    class Meta:
        verbose_name_plural = "opportunities"
        constraints = [
            models.UniqueConstraint(fields=["workspace", "external_id"], name="opportunity_external_id_once"),
            models.CheckConstraint(
                name="opportunity_closed_is_dated",
                condition=models.Q(won__isnull=True) | models.Q(closed_on__isnull=False),
            ),
            models.CheckConstraint(
                name="opportunity_amount_not_negative",
                condition=models.Q(amount_minor__isnull=True) | models.Q(amount_minor__gte=0),
            ),
        ]
        indexes = [
            models.Index(fields=["workspace", "customer", "opened_on"], name="opportunity_of_customer"),
            models.Index(fields=["workspace", "opened_on", "id"], name="opportunity_by_opening"),
        ]

    def __str__(self) -> str:
        return self.external_id


class OpportunityVersion(OpportunityTerms):
    """What was known of an opportunity, from when: written by a trigger. The last of a deleted one has no customer."""

    id = models.BigAutoField(primary_key=True)
    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE, db_index=False, related_name="+")
    opportunity_id = models.UUIDField()
    customer_id = models.UUIDField(null=True)
    recorded_at = models.DateTimeField()

    objects = ScopedManager(workspace="workspace_id")

    class Meta:
        indexes = [
            models.Index(fields=["workspace", "opportunity_id", "known_at"], name="opportunity_version_of"),
            models.Index(fields=["workspace", "customer_id", "known_at"], name="opportunity_version_cust"),
        ]
