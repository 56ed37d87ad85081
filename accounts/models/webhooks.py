"""Outgoing webhooks: where news goes, what was sent, and when the next attempt is due."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models.people import User
from csplatform.core.tenancy import TenantModel


class DisabledBecause(models.TextChoices):
    """Why an endpoint gets nothing; empty while it is enabled."""

    BY_HAND = "by_hand", _("switched off by a member")
    FAILING = "failing", _("nothing arrived for days")
    GONE = "gone", _("the receiver answered 410 Gone")


class WebhookEndpoint(TenantModel):
    """An address that hears of events. Its secret is derived from ``secret_salt``, so the database alone signs nothing.

    ``events``: names, ``noun.*`` or ``*``. ``secret_hint``: how the secret begins, to tell two apart and to notice
    that it is derived otherwise now. ``retired_salt``: the secret before, which also signs until ``retired_until``.
    ``failing_since``: the first failure since the last delivery that arrived. ``mail_is_owed``: the system switched it
    off, and the workspace's admins have not been mailed of it yet.
    """

    url = models.CharField(max_length=2000)
    description = models.CharField(max_length=200, blank=True)
    events = ArrayField(models.CharField(max_length=100))
    is_enabled = models.BooleanField(default=True)
    disabled_because = models.CharField(max_length=10, choices=DisabledBecause.choices, blank=True, default="")
    secret_salt = models.CharField(max_length=64)
    secret_hint = models.CharField(max_length=20)
    retired_salt = models.CharField(max_length=64, blank=True, default="")
    retired_until = models.DateTimeField(null=True, blank=True)
    failing_since = models.DateTimeField(null=True, blank=True)
    mail_is_owed = models.BooleanField(default=False)
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    version = models.PositiveIntegerField(default=1)

    class Meta:
        indexes = [models.Index(fields=["workspace"], name="webhook_of_workspace")]

    def __str__(self) -> str:
        return self.description or self.url


class DeliveryState(models.TextChoices):
    PENDING = "pending", _("on its way")
    DELIVERED = "delivered", _("delivered")
    FAILED = "failed", _("failed")


class Failure(models.TextChoices):
    """Why an attempt did not arrive."""

    STATUS = "status", _("answered with another status than 2xx")
    TIMEOUT = "timeout", _("did not answer in time")
    CONNECTION = "connection", _("the connection could not be made or broke")
    TLS = "tls", _("its certificate could not be verified")
    UNKNOWN_HOST = "unknown_host", _("its name could not be resolved")
    NOT_PUBLIC = "not_public", _("its address is not public, so nothing was sent")
    BAD_ADDRESS = "bad_address", _("webhooks do not go to addresses of this form")
    SECRET_CHANGED = "secret_changed", _("its secret no longer fits this installation: make a new one")
    DISABLED = "disabled", _("the webhook was switched off")


class WebhookDelivery(TenantModel):
    """One event for one endpoint, there once however often the event is told.

    ``message_id`` is the ``webhook-id``, the same at every attempt. ``log``: the latest attempts, oldest first, as
    ``{"at", "ms", "status", "error", "answer"}`` with ``error`` a ``Failure`` and ``answer`` how the body began.
    ``give_up_at``: no attempt is planned after it.
    """

    endpoint = models.ForeignKey(WebhookEndpoint, on_delete=models.CASCADE, related_name="deliveries", db_index=False)
    message_id = models.CharField(max_length=64)
    event = models.CharField(max_length=100)
    occurred_at = models.DateTimeField()
    data: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=DeliveryState.choices, default=DeliveryState.PENDING)
    attempts = models.PositiveIntegerField(default=0)
    log: models.JSONField[list[dict[str, Any]], list[dict[str, Any]]] = models.JSONField(default=list)
    last_status = models.PositiveSmallIntegerField(null=True)
    last_error = models.CharField(max_length=20, choices=Failure.choices, blank=True, default="")
    created_at = models.DateTimeField()
    next_attempt_at = models.DateTimeField(null=True)
    give_up_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["endpoint", "message_id"], name="webhook_delivery_once")]
        indexes = [
            models.Index(fields=["endpoint", "-id"], name="webhook_delivery_newest"),
            models.Index(fields=["endpoint", "state", "-id"], name="webhook_delivery_by_state"),
            models.Index(fields=["workspace", "created_at"], name="webhook_delivery_age"),
        ]

    def __str__(self) -> str:
        return f"{self.event} ({self.message_id})"


class WebhookDue(models.Model):
    """When a pending delivery is due, for the sweep; moved ahead while a worker is at it.

    Outside row-level security because the sweep serves all workspaces; so it holds ids only.
    """

    delivery_id = models.UUIDField(primary_key=True)
    endpoint_id = models.UUIDField()
    workspace_id = models.UUIDField()
    due_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["endpoint_id", "due_at"], name="webhook_due_by_endpoint")]
