"""Invitations: one open door per address and workspace, whose key is mailed and never stored.

An invitation is a row first; the mail follows from it, by a task that makes the link's token, keeps its hash and sends
it. So a lost broker loses no invitation, and no token ever waits in a queue.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

import structlog
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.mail import send_invitation
from accounts.models import Invitation, Membership, User, Workspace
from accounts.roles import Department, Role
from accounts.services import people, workspaces
from accounts.services.members import demand_owner_rights
from csplatform.core import audit
from csplatform.core.tenancy import workspace_scope

LIFETIME = timedelta(days=7)
_AT_ONCE = 20

log = structlog.get_logger()


def invite(
    *,
    workspace: Workspace,
    email: str,
    role: Role,
    department: Department,
    actor: audit.Actor,
    may_manage_owners: bool,
    now: datetime,
) -> Invitation:
    """Open a door for ``email``; one that is open already is renewed with the new role.

    What it answers does not depend on whether the address has an account. Raises ``ValidationError`` for a malformed
    address, for a present member, and for owners invited by anybody but an owner.
    """
    demand_owner_rights(role, may_manage_owners)
    address = people.normal_email(email)
    if Membership.objects.filter(workspace=workspace, user__email=address, left_at__isnull=True).exists():
        raise ValidationError({"email": _("%(email)s is a member of this workspace.") % {"email": address}})
    with workspace_scope(workspace):
        invitation, created = Invitation.objects.update_or_create(
            workspace=workspace,
            email=address,
            accepted_at=None,
            revoked_at=None,
            defaults={"role": role, "department": department, **_fresh(now)},
            create_defaults={
                "role": role,
                "department": department,
                "invited_by_id": actor.user_id,
                "created_at": now,
                **_fresh(now),
            },
        )
        audit.record(
            actor=actor,
            action="invitation.sent" if created else "invitation.renewed",
            subject=invitation,
            data={"email": address, "role": role},
            now=now,
        )
        _mail_soon()
    return invitation


def resend(*, invitation: Invitation, actor: audit.Actor, now: datetime) -> None:
    """Mail a new link with a new expiry; the old link stops working."""
    with workspace_scope(invitation.workspace_id):
        open_rows = Invitation.objects.filter(pk=invitation.pk, accepted_at__isnull=True, revoked_at__isnull=True)
        if open_rows.update(**_fresh(now)):
            audit.record(actor=actor, action="invitation.renewed", subject=invitation, now=now)
            _mail_soon()


def revoke(*, invitation: Invitation, actor: audit.Actor, now: datetime) -> None:
    """Close the door; the link stops working at once."""
    with workspace_scope(invitation.workspace_id):
        open_rows = Invitation.objects.filter(pk=invitation.pk, accepted_at__isnull=True, revoked_at__isnull=True)
        if open_rows.update(revoked_at=now):
            audit.record(actor=actor, action="invitation.revoked", subject=invitation, now=now)


def find_open(token: str, *, now: datetime) -> Invitation | None:
    """The invitation that ``token`` opens; None when it expired, was answered or never existed."""
    return (
        Invitation.objects.select_related("workspace")
        .filter(token_hash=_hash(token), expires_at__gt=now, accepted_at__isnull=True, revoked_at__isnull=True)
        .first()
    )


@transaction.atomic
def accept_as_new(*, invitation: Invitation, name: str, password: str, now: datetime) -> Membership:
    """Make an account for the invited address and let it in. The caller has validated the password.

    Raises ``ValidationError`` when the address has an account by now: its holder signs in and accepts.
    """
    user = people.create_person(email=invitation.email, password=password, name=name)
    return accept(invitation=invitation, user=user, now=now)


@transaction.atomic
def accept(*, invitation: Invitation, user: User, now: datetime) -> Membership:
    """Let ``user`` in. Raises ``ValidationError`` when the door has closed meanwhile or was meant for another."""
    if not people.owns_address(user, invitation.email):
        raise ValidationError(_("This invitation is for another address. Sign in with the address it was sent to."))
    fresh = Invitation.objects.select_for_update().get(pk=invitation.pk)
    if fresh.accepted_at or fresh.revoked_at or fresh.expires_at <= now:
        raise ValidationError(_("This invitation is no longer open. Ask for a new one."))
    actor = audit.Actor(label=str(user), user_id=user.pk)
    present = Membership.objects.filter(workspace=fresh.workspace, user=user, left_at__isnull=True).first()
    # Who is in already keeps the role they have: an old link must not demote anybody.
    membership = present or workspaces.add_member(
        workspace=fresh.workspace,
        user=user,
        role=Role(fresh.role),
        department=Department(fresh.department),
        now=now,
        actor=actor,
    )
    fresh.accepted_at, fresh.accepted_by = now, user
    fresh.save(update_fields=["accepted_at", "accepted_by"])
    with workspace_scope(fresh.workspace_id):
        audit.record(actor=actor, action="invitation.accepted", subject=fresh, now=now)
    return membership


def mail_waiting(*, now: datetime) -> int:
    """Mail open invitations that have not been mailed; returns how many were.

    One transaction each: a mail server that refuses one leaves that one waiting for the next call, and no other.
    """
    waiting = Invitation.objects.filter(
        mailed_at__isnull=True, accepted_at__isnull=True, revoked_at__isnull=True, expires_at__gt=now
    )
    sent = 0
    for pk in list(waiting.order_by("created_at", "id").values_list("pk", flat=True)[:_AT_ONCE]):
        try:
            sent += _mail_one(waiting.filter(pk=pk), now)
        except OSError as error:  # smtplib's errors are among them
            log.warning("invitation not mailed", invitation=str(pk), problem=type(error).__name__)
    return sent


@transaction.atomic
def _mail_one(waiting: QuerySet[Invitation], now: datetime) -> int:
    locked = waiting.select_for_update(skip_locked=True, of=("self",), no_key=True)
    invitation = locked.select_related("workspace", "invited_by").first()
    if invitation is None:
        return 0
    token = secrets.token_urlsafe(32)
    invitation.token_hash, invitation.mailed_at = _hash(token), now
    invitation.save(update_fields=["token_hash", "mailed_at"])
    send_invitation(invitation, token)
    return 1


def _fresh(now: datetime) -> dict[str, object]:
    """A token nobody holds, until the mail makes one that somebody does."""
    return {"token_hash": _hash(secrets.token_urlsafe(32)), "expires_at": now + LIFETIME, "mailed_at": None}


def _mail_soon() -> None:
    from accounts.tasks import mail_invitations

    # Robust: without a broker the schedule still mails it.
    transaction.on_commit(mail_invitations.delay, robust=True)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
