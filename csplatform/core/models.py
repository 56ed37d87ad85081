"""Outbox, jobs, audit and idempotency: machinery every app uses and no app owns."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from csplatform.core.ids import uuid7
from csplatform.core.tenancy import TenantModel


class OutboxEvent(models.Model):
    """News for other parts of the system and for webhooks, written in the transaction that caused it.

    Outside row-level security because the sweep serves all workspaces; so it holds ids only, never content.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workspace_id = models.UUIDField()
    name = models.CharField(max_length=100)
    payload = models.JSONField(default=dict)
    cause: models.JSONField[dict[str, Any] | None, dict[str, Any] | None] = models.JSONField(
        null=True, help_text="What a machine did that led to it, as that machine tells; null: people and data."
    )
    created_at = models.DateTimeField()
    dispatched_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["created_at"], name="outbox_waiting", condition=models.Q(dispatched_at__isnull=True)),
            models.Index(fields=["workspace_id", "name", "created_at"], name="outbox_history"),
        ]


class JobState(models.TextChoices):
    QUEUED = "queued", _("Waiting")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")


class Job(TenantModel):
    """Long work that shows itself: state, progress, time left and a result that stays."""

    kind = models.CharField(max_length=40)
    state = models.CharField(max_length=12, choices=JobState.choices, default=JobState.QUEUED)
    done = models.PositiveBigIntegerField(default=0)
    total = models.PositiveBigIntegerField(default=0)
    params = models.JSONField(default=dict)
    result = models.JSONField(default=dict)
    message = models.TextField(default="", blank=True)
    cancel_requested = models.BooleanField(default=False)
    created_by_id = models.UUIDField(null=True)
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    heartbeat_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["workspace", "-created_at"], name="job_newest")]

    @property
    def is_finished(self) -> bool:
        return self.state in (JobState.DONE, JobState.FAILED, JobState.CANCELLED)

    def eta_seconds(self, now: datetime) -> int | None:
        """Seconds left if the rest goes as fast as what is done; None before anything is done or when finished."""
        if self.is_finished or self.started_at is None or not self.done or not self.total:
            return None
        spent = (now - self.started_at).total_seconds()
        return max(0, round(spent * (self.total - self.done) / self.done))


class AuditEvent(TenantModel):
    """Who did what to which record: append-only, written in the transaction of the deed."""

    at = models.DateTimeField()
    actor_user_id = models.UUIDField(null=True)
    actor_label = models.CharField(max_length=200)
    action = models.CharField(max_length=80)
    object_type = models.CharField(max_length=60, default="")
    object_id = models.CharField(max_length=60, default="")
    data: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict)

    class Meta:
        indexes = [
            models.Index(fields=["workspace", "-at"], name="audit_newest"),
            models.Index(fields=["workspace", "object_type", "object_id", "-at"], name="audit_of_object"),
        ]


class IdempotencyRecord(TenantModel):
    """The first answer to a POST that carried an ``Idempotency-Key``, replayed for a day."""

    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    body = models.TextField(default="")
    headers = models.JSONField(default=dict)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "key"], name="idempotency_key_once")]
        indexes = [models.Index(fields=["created_at"], name="idempotency_age")]


class ScheduleSlot(models.Model):
    """One row per (job, slot): two schedulers, one run."""

    job = models.CharField(max_length=60)
    slot = models.DateTimeField()
    claimed_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job", "slot"], name="schedule_slot_once")]
