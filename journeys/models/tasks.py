"""Tasks: what somebody is to do, by when, and what became of it."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Membership
from accounts.roles import Department
from csplatform.core.tenancy import TenantModel


class TaskState(models.TextChoices):
    OPEN = "open", _("Open")
    DONE = "done", _("Done")
    CANCELLED = "cancelled", _("Cancelled")


class Task(TenantModel):
    """Something to do, usually about a customer. ``owner`` null: anybody of ``department`` may take it.

    ``source`` ("manual", "playbook", "churn", "relay", "shock", "shared_plan" …) and ``source_key`` say what made it:
    the same pair is never made twice. Snoozed means open and hidden until ``snoozed_until``. ``for_customer``: the
    customer's own task on the shared plan. With ``draft_subject`` it holds a mail to ``contact`` that a person reads,
    changes and sends from their own mail program; nothing here sends it.
    """

    customer = models.ForeignKey(
        "accounts.Customer", null=True, blank=True, on_delete=models.CASCADE, related_name="tasks", db_index=False
    )
    title = models.CharField(max_length=300)
    body = models.TextField(blank=True, default="")
    state = models.CharField(max_length=10, choices=TaskState.choices, default=TaskState.OPEN)
    owner = models.ForeignKey(Membership, null=True, blank=True, on_delete=models.SET_NULL, related_name="tasks")
    department = models.CharField(max_length=20, choices=Department.choices, blank=True, default="")
    for_customer = models.BooleanField(default=False)
    due_on = models.DateField(null=True, blank=True)
    snoozed_until = models.DateField(null=True, blank=True)
    snooze_reason = models.CharField(max_length=300, blank=True, default="")
    result = models.CharField(max_length=500, blank=True, default="")
    draft_subject = models.CharField(max_length=300, blank=True, default="")
    draft_body = models.TextField(blank=True, default="")
    contact = models.ForeignKey("accounts.Contact", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    source = models.CharField(max_length=20, default="manual")
    source_key = models.CharField(max_length=200, null=True, blank=True)
    created_at = models.DateTimeField()
    created_by_label = models.CharField(max_length=200)
    finished_at = models.DateTimeField(null=True, blank=True)
    finished_by_label = models.CharField(max_length=200, blank=True, default="")
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "source", "source_key"], name="task_made_once"),
        ]
        indexes = [
            models.Index(fields=["workspace", "owner", "due_on", "id"], name="task_queue", condition=Q(state="open")),
            models.Index(
                fields=["workspace", "department", "due_on", "id"],
                name="task_of_department",
                condition=Q(state="open", owner__isnull=True),
            ),
            models.Index(fields=["workspace", "customer", "id"], name="task_of_customer"),
            models.Index(fields=["workspace", "due_on", "id"], name="task_open", condition=Q(state="open")),
            models.Index(
                fields=["workspace", "-finished_at", "id"], name="task_finished", condition=Q(finished_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return self.title
