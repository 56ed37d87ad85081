"""Adoption in words: what is wrong with rules and plans, and rules as people read them."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from journeys.adoption.rules import ANY, Fault, Rules


def told(faults: Sequence[Fault]) -> list[str]:
    """Each fault as a sentence that begins with where it is."""
    return [f"{fault.path}: {message(fault)}" if fault.path else message(fault) for fault in faults]


def message(fault: Fault) -> str:
    """What is wrong, and what is expected instead."""
    texts = {
        "no_object": _("Expected an object."),
        "unknown_field": _("There is no such field."),
        "no_number": _("Expected a whole number from 1 to %(most)s."),
        "no_match": _("Expected “all” or “any”."),
        "no_events": _("Expected one to %(most)s events, each with its name and how often."),
        "no_names": _("Expected a list of at most %(most)s names of events."),
        "no_name": _("Expected the name of an event, of at most %(most)s characters."),
        "twice": _("“%(given)s” is named twice; say it once."),
        "more_days_than_window": _("Nobody can be active on more days than are looked at (%(most)s)."),
    }
    return texts[fault.code] % dict(fault.told)


def plan_message(code: str) -> str:
    """What is wrong with a plan."""
    return {
        "no_percent": _("Expected a percentage from 0 to 100."),
        "number_of_targets": _("Expected one to 12 targets, each a day and a percentage."),
        "out_of_order": _("The days must follow one another: the baseline first, then each target."),
    }[code]


def explained(rules: Rules) -> list[str]:
    """The rules as three sentences."""
    joint = _(" and ") if rules.needs_all else _(" or ")
    wanted = joint.join(
        ngettext("%(n)d × %(name)s", "%(n)d × %(name)s", each.count)
        % {"n": each.count, "name": _("any event") if each.name == ANY else f"“{each.name}”"}
        for each in rules.activation
    )
    habit = ", ".join(f"“{name}”" for name in sorted(rules.habit_events)) or _("any event")
    return [
        _("Activated: %(wanted)s within %(days)d days, once.") % {"wanted": wanted, "days": rules.within_days},
        _("Habitual: on %(days)d of the last %(window)d days (%(events)s).")
        % {"days": rules.habit_days, "window": rules.window_days, "events": habit},
        _("Lapsed: was activated, and nothing for %(days)d days.") % {"days": rules.lapse_days},
    ]
