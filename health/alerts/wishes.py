"""Who hears of what, where: the routes of a workspace, and the wishes of each member."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts import segments
from accounts.models import Membership
from csplatform.core import audit, locks
from csplatform.core.tenancy import current_workspace_id
from health.alerts import routing
from health.models import AlertChannel, AlertPace, AlertPreference, AlertRoute, SlackHook

MOST = 50


def preference_of(member: Membership) -> AlertPreference:
    """The member's wishes; the usual ones, unsaved, where it has said none."""
    return AlertPreference.objects.filter(member=member).first() or AlertPreference(
        workspace_id=current_workspace_id(), member=member
    )


@transaction.atomic
def prefer(*, member: Membership, wishes: Mapping[str, Any], actor: audit.Actor, now: datetime) -> AlertPreference:
    """Keep a member's wishes, and move what waits for its digest to the hour it has now chosen."""
    row, _made = AlertPreference.objects.update_or_create(
        workspace_id=current_workspace_id(), member=member, defaults=dict(wishes)
    )
    routing.plan_again(member=member, wishes=wishes, now=now)
    audit.record(actor=actor, action="alert_preference.changed", subject=row, data=dict(wishes), now=now)
    kept: AlertPreference = row
    return kept


@transaction.atomic
def add_route(
    *,
    name: str,
    kinds: list[str],
    bands: list[str],
    definition: dict[str, Any],
    least_arr_minor: int | None,
    roles: list[str],
    channels: list[str],
    pace: AlertPace,
    slack: SlackHook | None,
    actor: audit.Actor,
    now: datetime,
) -> AlertRoute:
    """A new route; the one every workspace begins with ends with the first.

    Raises ``ValidationError`` by field for a name taken, no channel, Slack without a hook, or a filter that cannot be
    answered.
    """
    locks.hold("alert_routes")
    name = " ".join(name.replace("\0", "").split())
    if not name or len(name) > 120:
        raise ValidationError({"name": _("Give it a name of at most 120 characters.")})
    if AlertRoute.objects.count() >= MOST:
        raise ValidationError(_("A workspace has at most %(n)d routes. Delete one first.") % {"n": MOST})
    if AlertRoute.objects.filter(name=name).exists():
        raise ValidationError({"name": _("There is a route of this name already.")})
    if not channels:
        raise ValidationError({"channels": _("Choose at least one way of hearing of it.")})
    if (AlertChannel.SLACK in channels) != (slack is not None):
        raise ValidationError({"slack": _("Slack and the hook to post to belong together: choose both or neither.")})
    if definition:
        try:
            segments.parse(definition)
        except segments.SegmentError as error:
            raise ValidationError({"segment": str(error)}) from error
    route: AlertRoute = AlertRoute.objects.create(
        workspace_id=current_workspace_id(),
        name=name,
        kinds=kinds,
        bands=bands,
        definition=definition,
        least_arr_minor=least_arr_minor,
        roles=roles,
        channels=channels,
        pace=pace,
        slack=slack,
        created_at=now,
    )
    told = {"name": name, "kinds": kinds, "bands": bands, "roles": roles, "channels": channels, "pace": str(pace)}
    audit.record(actor=actor, action="alert_route.created", subject=route, data=told, now=now)
    return route


@transaction.atomic
def delete_route(*, route_id: UUID, actor: audit.Actor, now: datetime) -> None:
    """Delete a route; what it has routed already is still delivered. Raises ``AlertRoute.DoesNotExist``."""
    route = AlertRoute.objects.select_for_update(of=("self",)).get(pk=route_id)
    audit.record(actor=actor, action="alert_route.deleted", subject=route, data={"name": route.name}, now=now)
    route.delete()
