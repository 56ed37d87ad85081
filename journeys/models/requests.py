"""Requests: what customers wish for and what hurts them, who asked, and what product answered."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Contact
from csplatform.core.tenancy import TenantModel


class RequestKind(models.TextChoices):
    PAIN_POINT = "pain_point", _("Pain point")
    WISH = "wish", _("Wish")


class RequestStatus(models.TextChoices):
    OPEN = "open", _("Open")
    PLANNED = "planned", _("Planned")
    SHIPPED = "shipped", _("Shipped")
    DECLINED = "declined", _("Declined")


class Request(TenantModel):
    """A wish or a pain point, whoever raised it. Status, answer and ``shipped_at`` are those of the latest answer.

    ``known_at`` dates the present words; ``merged_into``: the request it turned out to be the same as. Its own askers
    stay its own, so that merging can be undone; they count for the other one.
    """

    external_id = models.CharField(max_length=200)
    kind = models.CharField(max_length=12, choices=RequestKind.choices, default=RequestKind.WISH)
    title = models.CharField(max_length=300)
    words = models.TextField(blank=True, default="")
    raised_at = models.DateTimeField()
    status = models.CharField(max_length=10, choices=RequestStatus.choices, default=RequestStatus.OPEN)
    answer = models.TextField(blank=True, default="")
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.CharField(max_length=200, blank=True, default="")
    shipped_at = models.DateTimeField(null=True, blank=True)
    merged_into = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="merged", db_index=False
    )
    merged_at = models.DateTimeField(null=True, blank=True)
    created_by_label = models.CharField(max_length=200)
    known_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "external_id"], name="request_external_id_once"),
            models.CheckConstraint(
                name="request_shipped_is_dated",
                condition=Q(status="shipped", shipped_at__isnull=False) | (~Q(status="shipped") & Q(shipped_at=None)),
            ),
            models.CheckConstraint(
                name="request_not_into_itself", condition=Q(merged_into=None) | ~Q(merged_into=F("id"))
            ),
        ]
        indexes = [
            models.Index(fields=["workspace", "status", "raised_at", "id"], name="request_by_status"),
            models.Index(fields=["merged_into"], name="request_merged", condition=Q(merged_into__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.title


class RequestCustomer(TenantModel):
    """A customer asked for something: who of it, when, and who of us heard it.

    ``counts_for``: the request it is behind, which is another than ``request`` once that is merged. ``source_key``:
    what it was recorded from (an answer to a survey), so that this is recorded once.
    """

    request = models.ForeignKey(Request, on_delete=models.CASCADE, related_name="asked", db_index=False)
    counts_for = models.ForeignKey(Request, on_delete=models.CASCADE, related_name="behind", db_index=False)
    customer = models.ForeignKey("accounts.Customer", on_delete=models.CASCADE, related_name="requests", db_index=False)
    contact = models.ForeignKey(
        Contact, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    raised_at = models.DateTimeField()
    raised_by = models.CharField(max_length=200, blank=True, default="")
    source_key = models.CharField(max_length=200, null=True, blank=True)
    known_at = models.DateTimeField()
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["request", "customer"], name="request_asked_once"),
            models.UniqueConstraint(fields=["workspace", "source_key"], name="request_source_once"),
        ]
        indexes = [
            models.Index(fields=["workspace", "counts_for", "customer"], name="request_behind"),
            models.Index(fields=["workspace", "customer", "raised_at", "id"], name="request_of_customer"),
            models.Index(fields=["contact"], name="request_of_contact", condition=Q(contact__isnull=False)),
        ]


class RequestAnswer(TenantModel):
    """What was said to a request, and where that left it. Append-only: a past day's answer is the last known by then.

    ``occurred_at``: when it was so (of something shipped: when it shipped).
    """

    request = models.ForeignKey(Request, on_delete=models.CASCADE, related_name="answers", db_index=False)
    status = models.CharField(max_length=10, choices=RequestStatus.choices)
    answer = models.TextField(blank=True, default="")
    occurred_at = models.DateTimeField()
    known_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    answered_by = models.CharField(max_length=200)

    class Meta:
        indexes = [models.Index(fields=["workspace", "request", "known_at", "id"], name="request_answers")]
