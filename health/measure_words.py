"""What a measure looks at, in plain words. Sources and aggregations that have no words here show their own name."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext as _

from health import comparison
from health.measures import Condition, Spec
from journeys.models import Channel, Direction, PersonState, TicketPriority
from surveys.models import surveys


def source(name: str) -> str:
    return {
        "events": _("Product use (events)"),
        "contacts": _("People at the customer"),
        "surveys": _("Survey answers"),
        "engagements": _("Conversations"),
        "relays": _("Handovers"),
        "tickets": _("Tickets"),
        "invoices": _("Invoices"),
        "outcomes": _("Expected outcomes"),
        "adoption": _("Adoption"),
        "sponsors": _("Sponsors"),
        "judgement": _("Judgement by hand"),
        "attribute": _("A number of your own"),
    }.get(name, name.replace("_", " ").capitalize())


def aggregation(name: str) -> str:
    return {
        "count": _("How many"),
        "trend": _("Trend: with the window before, at most four times"),
        "distinct_users": _("How many different people"),
        "distinct_events": _("How many different events"),
        "active_days": _("Days with an event"),
        "habit": _("People in habit: seen on several days"),
        "sum": _("Sum of a number"),
        "latest": _("Latest value"),
        "recency": _("Days since the last"),
        "sponsor": _("Whether there is a sponsor"),
        "mean": _("Average"),
        "sentiment": _("How they went, on average"),
        "overdue": _("How many are overdue"),
        "waiting_days": _("Days the oldest has waited"),
        "declined": _("How many were declined"),
        "open": _("How many are open"),
        "opened": _("How many were opened"),
        "first_reply_hours": _("Hours until the first reply"),
        "csat": _("How content they were"),
        "achieved": _("Share that was reached"),
        "on_track": _("Share on track"),
        "kpi_progress": _("How far the KPIs have come"),
        "people": _("How many people"),
        "share_of_seats": _("Share of the seats"),
        "silence": _("Days since one was heard of"),
        "left": _("How many left"),
        "overdue_days": _("Days the oldest is overdue"),
        "overdue_share": _("Overdue, as a share of ARR"),
        "paid_late": _("How many were paid late"),
    }.get(name, name.replace("_", " ").capitalize())


def part(name: str) -> str:
    """A further part of a definition: what is asked of the source."""
    return {
        "kind": _("Kind of survey"),
        "direction": _("Who to whom"),
        "channel": _("Channel"),
        "priority": _("Priority"),
        "state": _("State"),
        "key": _("Attribute"),
    }.get(name, name.replace("_", " ").capitalize())


def chosen(name: str, value: str) -> str:
    """What a further part may be; an attribute's key is the customers' own word."""
    known: dict[str, type[TextChoices]] = {
        "kind": surveys.Kind,
        "direction": Direction,
        "channel": Channel,
        "priority": TicketPriority,
        "state": PersonState,
    }
    if name not in known or value not in known[name].values:
        return value
    return str(known[name](value).label)


def scale(name: str) -> str:
    return {
        "": _("as it is"),
        "per_week": _("a week (a young customer: over the days it has had)"),
        "per_seat_week": _("a week per seat (a young customer: over the days it has had)"),
        "share_of_seats": _("as a share of seats"),
        "share_of_users": _("as a share of the people seen"),
    }.get(name, name)


def compared(how: str) -> str:
    return {
        "": _("not compared"),
        comparison.BEFORE_RATIO: _("as a multiple of the window before"),
        comparison.BEFORE_DIFFERENCE: _("as the difference from the window before"),
        comparison.USUAL_RATIO: _("as a multiple of the customer's own normal"),
        comparison.USUAL_Z: _("as the distance from the customer's own normal (robust z)"),
    }.get(how, how)


def test(name: str) -> str:
    return {
        "equals": _("is"),
        "one_of": _("is one of (separated by commas)"),
        "greater": _("is greater than"),
        "less": _("is less than"),
        "exists": _("is there"),
    }.get(name, name)


def describe(spec: Spec) -> str:
    """One line: source, aggregation, names, conditions, window, scale and comparison."""
    parts = [source(spec.source), aggregation(spec.aggregation)]
    if spec.more.habit_days:
        parts.append(_("on at least %(days)d days") % {"days": spec.more.habit_days})
    if spec.events:
        shown = ", ".join(spec.events[:3]) + (" …" if len(spec.events) > 3 else "")
        parts.append(shown)
    if spec.more.of:
        parts.append(_("of “%(property)s”") % {"property": spec.more.of})
    parts += [_condition(each) for each in spec.more.where]
    parts += [chosen(name, value) for name, value in spec.where]
    if spec.window_days and spec.source != "contacts":
        parts.append(_("%(days)d days") % {"days": spec.window_days})
    if spec.scale:
        parts.append(scale(spec.scale))
    if spec.more.compare:
        parts.append(compared(spec.more.compare))
    return " · ".join(parts)


def _condition(each: Condition) -> str:
    name = each.name or _("the event's own value")
    return " ".join([name, test(each.test).split(" (")[0], ", ".join(each.values)]).strip()
