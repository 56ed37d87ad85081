"""Running state kept from arrivals: what the incremental executor reads instead of the events.

A *stream* is an event filter some measure uses; ``*`` is every event. All days are UTC dates.
"""

from __future__ import annotations

from django.db import models
from django_scopes import ScopedManager


class UsageWindow(models.Model):
    """Running sums of one customer and stream, by day up to ``anchor``: little-endian int32, oldest day first.

    ``counts``: events of each day. ``users``, ``features``: how many contacts, and event names, were last seen on
    each day; summed over a window that ends now, they are the distinct ones inside it. Days after ``anchor`` are
    zero, so a new day needs no rewrite.
    """

    pk = models.CompositePrimaryKey("workspace_id", "customer_id", "stream")
    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE, db_index=False, related_name="+")
    customer = models.ForeignKey("accounts.Customer", on_delete=models.CASCADE, db_index=False, related_name="+")
    stream = models.CharField(max_length=40)
    anchor = models.DateField()
    counts = models.BinaryField()
    users = models.BinaryField()
    features = models.BinaryField()
    first_day = models.DateField()
    last_event_at = models.DateTimeField()

    objects = ScopedManager(workspace="workspace_id")


class ContactSeen(models.Model):
    """The last day a contact used a stream: distinct users of a window that ends now are those seen inside it."""

    pk = models.CompositePrimaryKey("workspace_id", "customer_id", "stream", "contact_id")
    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE, db_index=False, related_name="+")
    customer = models.ForeignKey("accounts.Customer", on_delete=models.CASCADE, db_index=False, related_name="+")
    stream = models.CharField(max_length=40)
    contact_id = models.UUIDField()
    last_day = models.DateField()

    objects = ScopedManager(workspace="workspace_id")


class FeatureSeen(models.Model):
    """The last day a customer used a feature (an event name) of a stream."""

    pk = models.CompositePrimaryKey("workspace_id", "customer_id", "stream", "name")
    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE, db_index=False, related_name="+")
    customer = models.ForeignKey("accounts.Customer", on_delete=models.CASCADE, db_index=False, related_name="+")
    stream = models.CharField(max_length=40)
    name = models.TextField()
    last_day = models.DateField()

    objects = ScopedManager(workspace="workspace_id")


class SeenName(models.Model):
    """An event of this name happened at some customer: first on ``first_day``, first known on ``known_on``.

    Append-only; an earlier day that becomes known later is a row of its own, so that any past day can be asked what had
    been seen by then. Before a name was seen, its absence says nothing of a customer.
    """

    id = models.BigAutoField(primary_key=True)
    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE, db_index=False, related_name="+")
    name = models.TextField()
    first_day = models.DateField()
    known_on = models.DateField()
    recorded_at = models.DateTimeField()

    objects = ScopedManager(workspace="workspace_id")

    class Meta:
        indexes = [models.Index(fields=["workspace", "name", "known_on"], name="seen_name")]
