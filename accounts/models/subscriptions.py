"""Subscriptions: what a customer pays for, from when, until when, and what was known of it on which day."""

from __future__ import annotations

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django_scopes import ScopedManager

from accounts.models.customers import Customer
from csplatform.core.tenancy import TenantModel


class SubscriptionTerms(models.Model):
    """The columns a subscription and each of its versions share. Money in minor units of ``currency``."""

    product = models.CharField(max_length=120, blank=True, default="")
    plan = models.CharField(max_length=120, blank=True, default="")
    seats = models.PositiveIntegerField(null=True, blank=True)
    arr_minor = models.BigIntegerField(validators=[MinValueValidator(0)])
    currency = models.CharField(max_length=3)
    billing_period_months = models.PositiveSmallIntegerField(default=12)
    starts_on = models.DateField()
    ends_on = models.DateField(null=True, blank=True)
    cancelled_on = models.DateField(null=True, blank=True)
    renewal_on = models.DateField(null=True, blank=True)
    auto_renews = models.BooleanField(default=False)
    notice_days = models.PositiveSmallIntegerField(null=True, blank=True)
    known_at = models.DateTimeField()

    class Meta:
        abstract = True


class Subscription(TenantModel, SubscriptionTerms):
    """The present version. ``accounts.terms`` says what it means on a given day."""

    external_id = models.CharField(max_length=200)
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="subscriptions", db_index=False)
    updated_at = models.DateTimeField()
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "external_id"], name="subscription_external_id_once"),
            models.CheckConstraint(
                name="subscription_ends_after_start", condition=Q(ends_on__isnull=True) | Q(ends_on__gte=F("starts_on"))
            ),
            models.CheckConstraint(name="subscription_arr_not_negative", condition=Q(arr_minor__gte=0)),
        ]
        indexes = [models.Index(fields=["workspace", "customer", "starts_on"], name="subscription_of_customer")]

    def __str__(self) -> str:
        return self.product or self.external_id


class RenewalNews(TenantModel):
    """That a term's renewal on ``renewal_on`` was told of: a row a term, so that it is told once."""

    subscription = models.ForeignKey(Subscription, on_delete=models.CASCADE, related_name="+", db_index=False)
    renewal_on = models.DateField()
    told_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["subscription", "renewal_on"], name="renewal_told_once")]


class SubscriptionVersion(SubscriptionTerms):
    """What was known of a subscription, from when: written by a trigger, so no path can forget it.

    Versions outlive the subscription: past scores rest on them. The last one of a deleted subscription has no customer.
    """

    id = models.BigAutoField(primary_key=True)
    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE, db_index=False, related_name="+")
    subscription = models.ForeignKey(
        Subscription,
        null=True,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        related_name="versions",
        db_index=False,
    )
    customer_id = models.UUIDField(null=True)
    recorded_at = models.DateTimeField()

    objects = ScopedManager(workspace="workspace_id")

    class Meta:
        indexes = [
            models.Index(fields=["workspace", "subscription", "known_at"], name="subscription_version_of"),
            models.Index(fields=["workspace", "customer_id", "known_at"], name="subscription_version_cust"),
            models.Index(fields=["workspace", "known_at"], name="subscription_version_news"),
        ]
