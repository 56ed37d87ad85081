"""What somebody put aside on Today."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from csplatform.core.tenancy import TenantModel


class DismissalKind(models.TextChoices):
    DONE = "done", _("Done")
    SNOOZED = "snoozed", _("Snoozed")


class TodayDismissal(TenantModel):
    """A customer that a member put aside until a day, with the reason. It comes back on that day by itself."""

    customer = models.ForeignKey("accounts.Customer", on_delete=models.CASCADE, related_name="+", db_index=False)
    member = models.ForeignKey("accounts.Membership", on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=8, choices=DismissalKind.choices)
    reason = models.CharField(max_length=500)
    until = models.DateField(help_text=_("The first day on which the customer may be listed again."))
    made_at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["workspace", "member", "until"], name="today_dismissal_of_member")]
