"""Measured values with their units, as people write them."""

from __future__ import annotations

from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from csplatform.core import formats

_UNITS = {
    "events a week per seat": _lazy("events a week per seat"),
    "times the 28 days before": _lazy("times the 28 days before"),
    "people in 28 days": _lazy("people in 28 days"),
    "features in 28 days": _lazy("features in 28 days"),
    "days a week": _lazy("days a week"),
    "days ago": _lazy("days ago"),
}
"""Units of the default measures in the reader's language; a workspace's own are shown as written."""
_ONE = {
    "events a week per seat": _lazy("event a week per seat"),
    "people in 28 days": _lazy("person in 28 days"),
    "features in 28 days": _lazy("feature in 28 days"),
    "days a week": _lazy("day a week"),
    "days ago": _lazy("day ago"),
}
"""The same of one."""


def value_text(value: float | None, unit: str) -> str:
    """A measured value with its unit, as people write it."""
    if value is None:
        return ""
    language = get_language()
    if unit == "share of seats":
        return _("%(share)s of seats") % {"share": formats.percent(value, language)}
    if unit == "yes or no":
        return _("yes") if value else _("no")
    if unit == "net promoter score":
        return formats.signed(round(value), language)
    if unit == "share satisfied":
        return _("%(share)s satisfied") % {"share": formats.percent(value, language)}
    if unit == "ease from 1 to 7":
        return _("ease %(figure)s of 7") % {"figure": formats.number(round(value, 1), language)}
    shown = round(value, 1)
    words = _ONE[unit] if shown == 1 and unit in _ONE else _UNITS.get(unit, unit)
    return f"{formats.number(shown, language)} {words}".strip()


def plain_value(value: float | None, unit: str) -> str:
    """The same without a unit that stands behind the number: the beginning of "from 4.2 to 2.9 days a week"."""
    if value is None:
        return ""
    if unit == "share of seats":
        return formats.percent(value, get_language())
    number = formats.number(round(value, 1), get_language())
    return number if value_text(value, unit).startswith(f"{number} ") else value_text(value, unit)
