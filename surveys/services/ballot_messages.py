"""The words for what is wrong with an answer: what it is, what was kept, what to do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from surveys.ballots import OTHER_KEY, Fault
from surveys.models import Survey, pick
from surveys.selectors.public import Asked

_SENTENCES = {
    "unknown": gettext_lazy("“%(name)s” is not an option of this survey. Your other choices are kept."),
    "retired": gettext_lazy(
        "“%(name)s” is no longer offered: the hosts took it off the list meanwhile. Your other choices are kept;"
        " choose another in its place, or leave it empty."
    ),
    "no_other": gettext_lazy("This survey takes no answers in one’s own words. Your choices from the list are kept."),
    "no_words": gettext_lazy("You chose “Other”: say it in your own words, or choose from the list instead."),
    "too_many": gettext_lazy("At most three choices. The first three are kept."),
    "unreadable": gettext_lazy("This text holds signs that cannot be stored. Type it again without them."),
    "not_text": gettext_lazy("Expected a text."),
    "unknown_choice": gettext_lazy("“%(name)s” is not a choice of this question. Everything else is kept."),
    "unknown_question": gettext_lazy("This survey does not ask this question. Everything else is kept."),
    "repeated": gettext_lazy("A choice is named twice. Name each once; everything else is kept."),
    "required": gettext_lazy("This question needs an answer. Everything else is kept."),
    "out_of_range": gettext_lazy("Choose a whole number from %(low)s to %(high)s."),
}


def as_validation_error(faults: Sequence[Fault], survey: Survey, asked: Asked, language: str) -> ValidationError:
    """The faults as a ``ValidationError`` by field, in the active language; labels in ``language``."""
    told: dict[str, list[str]] = {}
    for fault in faults:
        told.setdefault(fault.field, []).append(_sentence(fault, survey, asked, language))
    return ValidationError(dict(told))


def _sentence(fault: Fault, survey: Survey, asked: Asked, language: str) -> str:
    if fault.code == "none":
        if survey.kind == "top3":
            return _("Choose at least one challenge.")
        return _("Choose a number from %(low)s to %(high)s.") % fault.params
    if fault.code == "twice":
        return _(
            "“%(name)s” is already your choice %(place)s. It is kept there; choose another here, or leave it empty."
        ) % {"name": _name(fault, survey, asked, language), "place": fault.params["place"]}
    if fault.code == "too_long":
        limit = fault.params["limit"]
        return ngettext(
            "At most %(limit)s character; this text has %(length)s. It is kept as you typed it: please shorten it.",
            "At most %(limit)s characters; this text has %(length)s. It is kept as you typed it: please shorten it.",
            limit,
        ) % {"limit": f"{limit:,}", "length": f"{fault.params['length']:,}"}
    return str(_SENTENCES[fault.code]) % {**fault.params, "name": _name(fault, survey, asked, language)}


def _name(fault: Fault, survey: Survey, asked: Asked, language: str) -> str:
    """The label of the option or choice at fault; an unknown key as it came, cut short."""
    key = fault.params.get("key")
    if key is None:
        return ""
    if key == OTHER_KEY:
        return _("Other")
    for option in asked.options.values():
        if option.key == key:
            return pick(option.label, language, survey.languages)
    return _shortened(key)


def _shortened(key: Any) -> str:
    text = "".join(sign if sign.isprintable() else "�" for sign in str(key))
    return text if len(text) <= 60 else text[:59] + "…"
