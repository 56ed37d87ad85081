"""The success plan as the customer sees it: links that open it without an account, and what was said beside it."""

from __future__ import annotations

from django.db import models

from csplatform.core.tenancy import TenantModel
from journeys.models.plan import Outcome


class PlanLink(TenantModel):
    """Opens one customer's plan to whoever has the address, until ``expires_on`` has passed or it is revoked.

    The address is signed and not stored (``journeys.plan_links``). ``opened`` counts times the page was shown.
    """

    customer = models.ForeignKey("accounts.Customer", on_delete=models.CASCADE, related_name="+", db_index=False)
    made_for = models.CharField(max_length=200)
    expires_on = models.DateField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_by_label = models.CharField(max_length=200, blank=True, default="")
    opened = models.PositiveIntegerField(default=0)
    last_opened_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    created_by_label = models.CharField(max_length=200)

    class Meta:
        indexes = [models.Index(fields=["workspace", "customer", "id"], name="plan_link_of_customer")]


class PlanComment(TenantModel):
    """Something said beside the shared plan, by the customer or by us (``is_ours``); both sides read it.

    ``read_at``: when one of us has seen the customer's words.
    """

    customer = models.ForeignKey(
        "accounts.Customer", on_delete=models.CASCADE, related_name="plan_comments", db_index=False
    )
    outcome = models.ForeignKey(Outcome, null=True, blank=True, on_delete=models.SET_NULL, related_name="comments")
    link = models.ForeignKey(PlanLink, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False)
    author = models.CharField(max_length=200)
    text = models.TextField()
    is_ours = models.BooleanField(default=False)
    written_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["workspace", "customer", "id"], name="plan_comment_of_customer")]
