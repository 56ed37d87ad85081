"""Who acts: the member signed in, or whom a key acts for."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.api.access import Caller, Need
from accounts.models import Membership
from accounts.roles import Permission
from csplatform.core.audit import Actor
from csplatform.core.ids import parse_uuid
from csplatform.core.rest.problems import invalid

ACT = Need("admin", Permission.EDIT_CUSTOMERS)
"""What a key needs to act for a member or a department."""


def acting(caller: Caller, named: str | None) -> tuple[Membership | None, Actor]:
    """The member who acts, and what the trail calls them; ``named``: the body's ``by``, an id or an e-mail.

    None: the key itself. Raises 400 for a name that is no present member's or not one's own, 403 for a key that may
    act for nobody.
    """
    if caller.membership is not None:
        if named is not None and present_member(caller, named, "by").pk != caller.membership.pk:
            raise invalid([("by", _("Who is signed in acts in their own name."))])
        return caller.membership, caller.actor
    if named is None:
        return None, caller.actor
    caller.require(ACT)
    by = present_member(caller, named, "by")
    told = {"key": caller.actor.label, "member": by.user}
    return by, replace(caller.actor, label=_("%(key)s for %(member)s") % told)


def present_member(caller: Caller, told: str, field: str) -> Membership:
    """The present member with this id or e-mail; 400 that names ``field`` where there is none."""
    rows = Membership.objects.filter(workspace_id=caller.workspace.pk, left_at__isnull=True)
    member_id: UUID | None = parse_uuid(told)
    wanted = Q(pk=member_id) if member_id else Q(user__email__iexact=told)
    member = rows.select_related("user").filter(wanted).first()
    if member is None:
        raise invalid([(field, _("No present member has this id or e-mail."))])
    return member
