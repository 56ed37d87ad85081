"""Custom attributes: typed rows, because row-level security switches off indexes on JSON operators."""

from __future__ import annotations

from datetime import date

from django.db import models
from django.utils.translation import gettext_lazy as _
from django_scopes import ScopedManager

from csplatform.core.tenancy import TenantModel


class AttributeKind(models.TextChoices):
    TEXT = "text", _("Text")
    NUMBER = "number", _("Number")
    DATE = "date", _("Date")
    BOOLEAN = "boolean", _("Yes or no")


class AttributeDefinition(TenantModel):
    """A field a workspace added to its customers."""

    key = models.CharField(max_length=60)
    label = models.CharField(max_length=120)
    kind = models.CharField(max_length=8, choices=AttributeKind.choices)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "key"], name="attribute_key_once")]

    def __str__(self) -> str:
        return self.label


class AttributeValue(TenantModel):
    """One customer's value of one attribute. Numbers are stored in ten-thousandths, as integers keep their index."""

    customer = models.ForeignKey("accounts.Customer", on_delete=models.CASCADE, related_name="attribute_values")
    definition = models.ForeignKey(AttributeDefinition, on_delete=models.CASCADE, related_name="values")
    text_value = models.CharField(max_length=1000, null=True, blank=True)
    number_value = models.BigIntegerField(null=True, blank=True)
    date_value = models.DateField(null=True, blank=True)
    boolean_value = models.BooleanField(null=True, blank=True)

    NUMBER_SCALE = 10_000

    class Meta:
        constraints = [models.UniqueConstraint(fields=["customer", "definition"], name="attribute_value_once")]
        indexes = [
            models.Index(fields=["workspace", "definition", "text_value"], name="attribute_text"),
            models.Index(fields=["workspace", "definition", "number_value"], name="attribute_number"),
            models.Index(fields=["workspace", "definition", "date_value"], name="attribute_date"),
        ]

    @property
    def value(self) -> str | float | date | bool | None:
        if self.number_value is not None:
            return self.number_value / self.NUMBER_SCALE
        for candidate in (self.text_value, self.date_value, self.boolean_value):
            if candidate is not None:
                return candidate
        return None


class AttributeVersion(models.Model):
    """What was known of a customer's number, from when: a trigger dates it as the customer's row is dated.

    ``number_value`` as in ``AttributeValue``; empty from the day on which there was none any more.
    """

    id = models.BigAutoField(primary_key=True)
    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE, db_index=False, related_name="+")
    customer_id = models.UUIDField()
    definition_id = models.UUIDField()
    number_value = models.BigIntegerField(null=True)
    known_at = models.DateTimeField()
    recorded_at = models.DateTimeField()

    objects = ScopedManager(workspace="workspace_id")

    class Meta:
        indexes = [
            models.Index(
                fields=["workspace", "customer_id", "definition_id", "known_at"], name="attribute_version_cust"
            )
        ]
