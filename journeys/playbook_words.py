"""What is wrong with a playbook's definition, in words; and a definition in words."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _

from accounts.webhooks import catalogue
from journeys.playbooks.definition import Fault


def told(faults: Sequence[Fault]) -> list[str]:
    """Each fault as a sentence that begins with where it is."""
    return [f"{fault.path}: {message(fault)}" if fault.path else message(fault) for fault in faults]


def message(fault: Fault) -> str:
    """What is wrong, and what is expected instead."""
    texts = {
        "no_object": _("Expected an object."),
        "unknown_field": _("There is no such field."),
        "no_steps": _("Expected at least one step."),
        "too_many_steps": _("At most %(most)s steps."),
        "waits_for_nothing": _("Nothing follows this wait. Leave it out, or add a step after it."),
        "one_trigger": _("Expected either an event or a schedule."),
        "where_needs_event": _("Conditions on an event need an event."),
        "no_event": _("There is no event “%(given)s”."),
        "no_customer": _("“%(given)s” tells of no customer, so it cannot start a playbook."),
        "no_list": _("Expected a list of at most %(most)s conditions."),
        "where_shape": _("Expected field, op and value."),
        "no_event_field": _("“%(event)s” has no field “%(given)s”; it has: %(known)s."),
        "no_operator": _("Expected one of: %(known)s."),
        "no_values": _("Expected a list of 1 to 100 values."),
        "no_number": _("Expected a number."),
        "no_value": _("Expected a text, a number, true, false or null."),
        "every": _("Expected “day” or “week”."),
        "no_clock": _("Expected a time such as 09:00."),
        "no_weekday": _("Expected a day of the week from 0 (Monday) to 6."),
        "no_kind": _("Expected one of: %(known)s."),
        "no_department": _("Expected a department: %(known)s."),
        "no_days": _("Expected working days from 0 to %(most)s."),
        "no_stage": _("“%(given)s” is no stage in use; there are: %(known)s."),
        "no_webhook": _("There is no such webhook."),
        "no_survey": _("There is no such survey that can be sent: only open ones can."),
        "no_addressees": _("Expected whom at the customer to ask: %(known)s."),
        "no_event_name": _("Expected a name such as customer.flagged."),
        "no_wait": _("Expected working days from 1 to %(most)s."),
        "no_text": _("Expected a text."),
        "missing": _("This is needed."),
        "too_long": _("At most %(most)s characters."),
        "no_placeholder": _("“%(given)s” is no placeholder; there are: %(known)s."),
        "no_limit": _("Expected a whole number from %(least)s to %(most)s."),
        "too_many_tasks": _(
            "It could create %(tasks)s tasks in an hour (%(runs)s runs with %(steps)s tasks each); at most %(most)s."
        ),
    }
    return texts[fault.code] % dict(fault.told)


def event_in_words(name: str) -> str:
    """What has happened when the event comes, without the full stop; the bare name of an event nobody declares."""
    event = catalogue.find(name)
    return str(event.description).rstrip(".") if event else name
