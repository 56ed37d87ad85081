"""A person's word that stands over a score, by name, with a reason, and not for ever."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from csplatform.core.tenancy import TenantModel


class OverrideBand(models.TextChoices):
    HEALTHY = "healthy", _("Healthy")
    WATCH = "watch", _("Watch")
    AT_RISK = "at_risk", _("At risk")


class HealthOverride(TenantModel):
    """From ``from_day`` to ``expires_on`` (both included) the customer's band is ``band``; the latest said counts.

    Rows are never changed but for their early end: ``ended_at`` says when somebody ended it. A day that had closed by
    then keeps it.
    """

    customer = models.ForeignKey("accounts.Customer", on_delete=models.CASCADE, related_name="+", db_index=False)
    band = models.CharField(max_length=8, choices=OverrideBand.choices)
    reason = models.TextField()
    from_day = models.DateField()
    expires_on = models.DateField()
    known_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    by_label = models.CharField(max_length=200)
    ended_at = models.DateTimeField(null=True)
    ended_by_label = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        indexes = [models.Index(fields=["workspace", "expires_on", "customer"], name="override_of_customer")]
        constraints = [
            models.CheckConstraint(condition=models.Q(expires_on__gte=models.F("from_day")), name="override_ends_later")
        ]

    def __str__(self) -> str:
        return f"{self.band} until {self.expires_on}"
