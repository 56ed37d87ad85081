"""Product events: the durable inbox, the exactly-once keys, and the events themselves, partitioned by month."""

from __future__ import annotations

from django.db import models
from django_scopes import ScopedManager

from csplatform.core.tenancy import TenantModel


class InboxBatch(models.Model):
    """A batch that was acknowledged and waits for the drain.

    ``payload`` is the JSON array of the batch's good messages, already normalised; one row a request, so that
    the answer costs one small insert. Row order is arrival order.
    """

    id = models.BigAutoField(primary_key=True)
    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE, db_index=False, related_name="+")
    received_at = models.DateTimeField()
    messages = models.PositiveIntegerField()
    payload = models.BinaryField()

    objects = ScopedManager(workspace="workspace_id")

    class Meta:
        indexes = [models.Index(fields=["workspace", "id"], name="inbox_in_order")]


class MessageKey(models.Model):
    """One row per accepted message: the exactly-once key.

    Beside the events because a table partitioned by time cannot hold a unique key without the time in it.
    ``message_key`` is a 128-bit digest of the message id; ``month`` lets keys go with their events.
    """

    pk = models.CompositePrimaryKey("workspace_id", "message_key")
    # No constraint in the database: checking it for every message would cost as much as the row itself.
    workspace = models.ForeignKey(
        "accounts.Workspace", on_delete=models.CASCADE, db_index=False, db_constraint=False, related_name="+"
    )
    message_key = models.UUIDField()
    month = models.DateField()

    objects = ScopedManager(workspace="workspace_id")


class Event(models.Model):
    """Something a person did in the product. The table is partitioned by the month of ``occurred_at`` (UTC).

    ``customer_id`` and ``contact_id`` stay empty, and the keys say who was meant, until somebody names them.
    ``known_at``: when we could know it (live: received; import: as told, else the occurrence; attached later:
    the moment of attaching). ``recorded_at``: when the row was stored, monotone within a workspace.
    """

    message_key = models.UUIDField(primary_key=True)
    workspace = models.ForeignKey(
        "accounts.Workspace", on_delete=models.DO_NOTHING, db_constraint=False, related_name="+"
    )
    customer_id = models.UUIDField(null=True)
    contact_id = models.UUIDField(null=True)
    customer_key = models.TextField(null=True)
    contact_key = models.TextField(null=True)
    name = models.TextField()
    occurred_at = models.DateTimeField()
    known_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    value = models.FloatField(null=True)
    properties = models.JSONField(null=True)

    objects = ScopedManager(workspace="workspace_id")

    class Meta:
        managed = False
        db_table = "health_event"


class RejectedMessage(TenantModel):
    """A message that was accepted but could not be stored: set aside with the reason, nothing lost."""

    received_at = models.DateTimeField()
    reason = models.CharField(max_length=500)
    payload = models.BinaryField()

    class Meta:
        indexes = [models.Index(fields=["workspace", "-received_at"], name="rejected_newest")]


class ContactAlias(models.Model):
    """A former id of a contact (an ``alias`` call, or the visitor an ``identify`` call named): messages follow it."""

    pk = models.CompositePrimaryKey("workspace_id", "former_id")
    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE, db_index=False, related_name="+")
    former_id = models.CharField(max_length=220)
    external_id = models.CharField(max_length=220)

    objects = ScopedManager(workspace="workspace_id")


class ProfileClock(models.Model):
    """When each trait of a contact or customer was last said, so that messages out of order settle alike.

    ``times``: trait to microseconds since 1970 of the message that set or deleted it. ``group`` is the external id
    of the customer that the contact was last said to belong to, which may be unknown yet.
    """

    class Kind(models.TextChoices):
        CONTACT = "contact"
        CUSTOMER = "customer"

    pk = models.CompositePrimaryKey("workspace_id", "kind", "external_id")
    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE, db_index=False, related_name="+")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    external_id = models.CharField(max_length=220)
    times = models.JSONField(default=dict)
    group = models.CharField(max_length=200, null=True)
    group_at = models.BigIntegerField(null=True)

    objects = ScopedManager(workspace="workspace_id")

    class Meta:
        indexes = [models.Index(fields=["workspace", "group"], name="profile_clock_of_group")]


class EventName(TenantModel):
    """What an id in files of events means, as told by a look-up file. Live events say their names themselves."""

    external_id = models.CharField(max_length=200)
    name = models.CharField(max_length=200)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "external_id"], name="event_name_once")]
