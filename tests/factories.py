"""One place that knows how to make a valid row. Use inside ``workspace_scope`` for tenant rows."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import Contact, Customer, CustomerHealth, Membership, Subscription, User, Workspace
from accounts.roles import Role
from accounts.services import workspaces
from csplatform.core import audit
from csplatform.core.ids import uuid7
from csplatform.core.tenancy import current_workspace_id

NOW = datetime(2026, 6, 16, 9, 0, tzinfo=UTC)


def make_workspace(slug: str = "kestrel", **fields: Any) -> Workspace:
    return workspaces.create_workspace(slug=slug, name=slug.title(), now=NOW, actor=audit.SYSTEM, **fields)


def make_member(workspace: Workspace, role: Role = Role.CSM, email: str | None = None) -> Membership:
    user = User.objects.create_user(
        email or f"{role}-{uuid7().hex[-8:]}@{workspace.slug}.example", "correct horse battery"
    )
    return workspaces.add_member(workspace=workspace, user=user, role=role, now=NOW, actor=audit.SYSTEM)


def make_customer(
    name: str = "Nottingham Freight", *, health: Mapping[str, Any] | None = None, **fields: Any
) -> Customer:
    """A customer; ``health``: columns of its ``CustomerHealth``."""
    values = {
        "workspace_id": current_workspace_id(),
        "external_id": fields.pop("external_id", None) or f"c-{uuid7().hex[-10:]}",
        "name": name,
        "name_sort": name.casefold(),
        "created_at": NOW,
        "known_at": NOW,
        "updated_at": NOW,
        **fields,
    }
    customer: Customer = Customer.objects.create(**values)
    if health:
        CustomerHealth.objects.filter(customer=customer).update(**health)
    return customer


def make_contact(customer: Customer | None, **fields: Any) -> Contact:
    values = {
        "workspace_id": current_workspace_id(),
        "external_id": fields.pop("external_id", None) or f"p-{uuid7().hex[-10:]}",
        "customer": customer,
        "known_at": NOW,
        "updated_at": NOW,
        **fields,
    }
    return Contact.objects.create(**values)


def make_subscription(customer: Customer, **fields: Any) -> Subscription:
    starts_on = fields.pop("starts_on", date(2026, 1, 1))
    values = {
        "workspace_id": current_workspace_id(),
        "external_id": fields.pop("external_id", None) or f"s-{uuid7().hex[-10:]}",
        "customer": customer,
        "arr_minor": 12_000_00,
        "currency": "EUR",
        "starts_on": starts_on,
        "known_at": datetime.combine(starts_on, datetime.min.time(), UTC),
        "updated_at": NOW,
        **fields,
    }
    return Subscription.objects.create(**values)


def uploaded(content: bytes, name: str = "file.csv") -> SimpleUploadedFile:
    """A file as a browser sends it."""
    return SimpleUploadedFile(name, content)
