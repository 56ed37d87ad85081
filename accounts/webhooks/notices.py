"""Telling the admins of a workspace that the system has switched a webhook of theirs off."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.db import transaction

from accounts.mail import send_webhook_disabled
from accounts.models import Membership, User, WebhookEndpoint, Workspace
from accounts.roles import Permission, Role, allows
from csplatform.core.tenancy import current_workspace_id


def owed() -> Sequence[UUID]:
    """The webhooks of the active workspace of whose end nobody was told yet."""
    return list(WebhookEndpoint.objects.filter(mail_is_owed=True).order_by("pk").values_list("pk", flat=True))


@transaction.atomic
def mail(*, endpoint_id: UUID) -> bool:
    """Mail whoever may look after webhooks; says whether it did. Any number may call it; ``OSError``: nothing is lost.

    A webhook that was switched on again meanwhile, or that another worker is mailing of, is left alone.
    """
    rows = WebhookEndpoint.objects.select_for_update(of=("self",), skip_locked=True, no_key=True)
    endpoint = rows.filter(pk=endpoint_id, mail_is_owed=True).first()
    if endpoint is None:
        return False
    endpoint.mail_is_owed = False
    endpoint.save(update_fields=["mail_is_owed"])
    workspace = Workspace.objects.get(pk=current_workspace_id())
    send_webhook_disabled(endpoint, workspace, _admins(workspace))
    return True


def _admins(workspace: Workspace) -> list[User]:
    roles = [role for role in Role if allows(role, Permission.MANAGE_KEYS)]
    rows = Membership.objects.filter(
        workspace=workspace, role__in=roles, left_at__isnull=True, user__is_active=True
    ).select_related("user")
    return [row.user for row in rows.order_by("pk")]
