"""How two contents of a scorecard differ, in words: for whoever publishes, and for whoever reads the history."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts.models.customers import HealthBand
from csplatform.core import formats
from health.units import plain_value

Content = Mapping[str, Any]
_WRITTEN = frozenset({"share of seats", "share satisfied", "yes or no"})
"""Units whose values are written otherwise than as the number itself."""


def label_of(label: Mapping[str, str]) -> str:
    """A text by language in the reader's, else English."""
    return label.get(get_language() or "en") or label.get("en", "")


def differences(old: Content, new: Content) -> list[str]:
    """What ``new`` says otherwise than ``old``, one sentence a thing; empty when they say the same."""
    return [*_items(old, new), *_groups(old, new), *_exceptions(old, new), *_edges(old, new)]


def _items(old: Content, new: Content) -> list[str]:
    before = {item["measure"]: item for item in old["items"]}
    after = {item["measure"]: item for item in new["items"]}
    said = []
    for key, item in after.items():
        name = label_of(item["label"])
        if key not in before:
            said.append(_("“%(name)s” is taken up with weight %(new)s.") % {"name": name, "new": _n(item["weight"])})
        else:
            said += _item(name, before[key], item)
    said += [
        _("“%(name)s” is left out.") % {"name": label_of(before[key]["label"])} for key in before if key not in after
    ]
    return said


def _item(name: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    told = {"name": name, "old": _n(old["weight"]), "new": _n(new["weight"])}
    said = []
    if old["weight"] != new["weight"]:
        said.append(_("“%(name)s” weighs %(new)s instead of %(old)s.") % told)
    if old["group"] != new["group"]:
        said.append(_("“%(name)s” moves to another group.") % told)
    if (old["curve"], old.get("scoring", "linear")) != (new["curve"], new.get("scoring", "linear")):
        said.append(_("“%(name)s” earns its points otherwise: %(curve)s.") % {**told, "curve": curve_words(new)})
    if old["definition"] != new["definition"]:
        said.append(_("“%(name)s” is measured otherwise.") % told)
    return said


def curve_words(item: Mapping[str, Any]) -> str:
    """The points of a curve as text: value, and share of the points."""
    language, unit = get_language(), item.get("unit", "")
    return ", ".join(f"{_value(x, unit)} → {formats.percent(y, language)}" for x, y in item["curve"])


def _groups(old: Content, new: Content) -> list[str]:
    before = {group["key"]: group for group in old["groups"]}
    after = {group["key"]: group for group in new["groups"]}
    said = []
    for key, group in after.items():
        name = label_of(group["label"])
        if key not in before:
            said.append(_("There is a new group, “%(name)s”.") % {"name": name})
            continue
        if label_of(before[key]["label"]) != name:
            told = {"old": label_of(before[key]["label"]), "new": name}
            said.append(_("The group “%(old)s” is called “%(new)s”.") % told)
        if before[key].get("weight") != group.get("weight"):
            said.append(_group_weight(name, group.get("weight")))
    gone = [label_of(before[key]["label"]) for key in before if key not in after]
    return said + [_("The group “%(name)s” is gone.") % {"name": name} for name in gone]


def _group_weight(name: str, weight: float | None) -> str:
    if weight is None:
        return _("The group “%(name)s” weighs what its measures weigh together.") % {"name": name}
    return _("The group “%(name)s” weighs %(new)s, shared by its measures.") % {"name": name, "new": _n(weight)}


def _exceptions(old: Content, new: Content) -> list[str]:
    before = {each["key"]: each for each in old.get("exceptions", ())}
    after = {each["key"]: each for each in new.get("exceptions", ())}
    said = []
    for key, each in after.items():
        told = {"name": label_of(each["label"]), "band": HealthBand(each["cap"]).label}
        if key not in before:
            said.append(_("A new exception, “%(name)s”: no better than “%(band)s”.") % told)
        elif before[key] != each:
            said.append(_("The exception “%(name)s” changes.") % told)
    gone = [label_of(before[key]["label"]) for key in before if key not in after]
    return said + [_("The exception “%(name)s” is gone.") % {"name": name} for name in gone]


def _edges(old: Content, new: Content) -> list[str]:
    said = []
    for band, text in (
        ("healthy", _("Healthy begins at %(new)s instead of %(old)s.")),
        ("watch", _("Watch begins at %(new)s instead of %(old)s.")),
    ):
        if old["bands"][band] != new["bands"][band]:
            said.append(text % {"new": _n(new["bands"][band]), "old": _n(old["bands"][band])})
    if old["min_coverage"] != new["min_coverage"]:
        language = get_language()
        told = {name: formats.percent(each["min_coverage"], language) for name, each in (("old", old), ("new", new))}
        said.append(_("A score needs data for %(new)s of the weights instead of %(old)s.") % told)
    return said


def _value(value: float, unit: str) -> str:
    """A value exactly, but shares and yes or no as the customer's page writes them."""
    return plain_value(value, unit) if unit in _WRITTEN else _n(value)


def _n(value: float) -> str:
    return formats.number(round(value, 4), get_language()) if value % 1 else formats.number(int(value), get_language())
