"""Words customers are filtered by, one row each, and what a bulk change replaced."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from django_scopes import ScopedManager

from accounts.models.access import Membership
from accounts.models.customers import Customer
from csplatform.core.tenancy import TenantModel


class Facet(models.TextChoices):
    TAG = "tag", _("Tag")
    COUNTRY = "country", _("Country")
    INDUSTRY = "industry", _("Industry")


class CustomerFacet(models.Model):
    """A tag, country or industry of a customer, kept by a trigger on the customer.

    Rows rather than columns: array operators lose their index under row policies, and every further index on
    the customer itself would be paid for by each change of it.
    """

    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE, db_index=False, related_name="+")
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="+")
    facet = models.CharField(max_length=8, choices=Facet.choices)
    value = models.CharField(max_length=120)

    objects = ScopedManager(workspace="workspace_id")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "facet", "value", "customer"], name="customer_facet_once")
        ]


class BulkKind(models.TextChoices):
    ASSIGN = "assign", _("Assign CSM")
    TAG = "tag", _("Add tag")
    UNTAG = "untag", _("Remove tag")


class BulkChange(TenantModel):
    """One change to many customers, with what each had before, so that it can be undone for a while.

    ``before``: customer id → the CSM's membership id (or null), or the list of tags.
    """

    kind = models.CharField(max_length=8, choices=BulkKind.choices)
    value = models.CharField(max_length=200)
    before = models.JSONField()
    made_by = models.ForeignKey(Membership, null=True, on_delete=models.SET_NULL, related_name="+")
    made_at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["workspace", "-made_at"], name="bulk_change_newest")]
