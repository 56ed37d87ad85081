"""A route in words."""

from __future__ import annotations

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts import segments
from accounts.models.customers import HealthBand, TeamRole
from csplatform.core import formats
from health.models import AlertChannel, AlertKind, AlertPace, AlertRoute


def explained(route: AlertRoute, currency: str) -> list[str]:
    """Which alerts, of which customers, to whom, how and when: a line each."""
    kinds = [str(AlertKind(kind).label) for kind in route.kinds]
    lines = [", ".join(kinds) if kinds else _("All alerts"), *_customers(route, currency)]
    roles = ", ".join(str(TeamRole(role).label) for role in route.roles)
    channels = ", ".join(_channel(channel, route) for channel in route.channels)
    return [*lines, _("To: %(roles)s") % {"roles": roles}, f"{channels} · {AlertPace(route.pace).label}"]


def _channel(channel: str, route: AlertRoute) -> str:
    label = str(AlertChannel(channel).label)
    return f"{label} ({route.slack.name})" if channel == AlertChannel.SLACK and route.slack else label


def _customers(route: AlertRoute, currency: str) -> list[str]:
    lines = []
    if route.bands:
        bands = ", ".join(str(HealthBand(band).label) for band in route.bands)
        lines.append(_("Customers now in: %(bands)s") % {"bands": bands})
    if route.definition:
        lines.append(segments.explain(segments.stored(route.definition)))
    if route.least_arr_minor is not None:
        lines.append(
            _("ARR of at least %(sum)s") % {"sum": formats.money(route.least_arr_minor, currency, get_language())}
        )
    return lines
