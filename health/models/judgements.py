"""What a CSM thinks of a customer, whatever the data say."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from csplatform.core.tenancy import TenantModel


class Judgement(TenantModel):
    """How somebody judged a customer, from 1 (bad) to 5 (good). Append-only: the newest speaks, until its last day.

    ``until``: the last day (UTC) on which it says anything; afterwards the value is unknown.
    """

    customer = models.ForeignKey(
        "accounts.Customer", on_delete=models.CASCADE, related_name="judgements", db_index=False
    )
    score = models.PositiveSmallIntegerField()
    reason = models.CharField(max_length=500)
    until = models.DateField(help_text=_("The last day on which it says anything."))
    made_at = models.DateTimeField()
    member = models.ForeignKey("accounts.Membership", null=True, on_delete=models.SET_NULL, related_name="+")
    actor_label = models.CharField(max_length=200)

    class Meta:
        constraints = [
            models.CheckConstraint(name="judgement_from_1_to_5", condition=models.Q(score__gte=1, score__lte=5))
        ]
        indexes = [models.Index(fields=["workspace", "customer", "made_at", "id"], name="judgement_of_customer")]

    def __str__(self) -> str:
        return str(self.score)
