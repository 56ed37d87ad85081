"""Small pieces of text of the results, in the active language: shares, ranks, lists, dates."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date

from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _

from csplatform.core import formats

NBSP = "\N{NO-BREAK SPACE}"
RANGE = "\N{EN DASH}"


def language() -> str:
    """The active language without its region."""
    return (get_language() or "en").split("-")[0]


def whole(share: float) -> int:
    """A share of 1 as whole percent, halves upwards, so that 0.125 is 13 in every language and on every machine."""
    return math.floor(abs(share) * 100 + 0.5 + 1e-9) * (-1 if share < 0 else 1)


def percent(share: float) -> str:
    """47% in English, 47 % with a no-break space in French and German."""
    return f"{whole(share)}%" if language() == "en" else f"{whole(share)}{NBSP}%"


def points(difference: float) -> str:
    """A difference of shares in percentage points with its sign: +3, −4, 0."""
    return formats.signed(whole(difference), language(), digits=0)


def number(value: float, digits: int = 0) -> str:
    """A number as the language writes it: 1,024, 1 024, 1.024."""
    return formats.number(value, language(), digits=digits)


def ordinal(place: int) -> str:
    """1st, 1er, 1."""
    if language() == "fr":
        return "1er" if place == 1 else f"{place}e"
    if language() == "de":
        return f"{place}."
    teen = place % 100 in (11, 12, 13)
    return f"{place}{'th' if teen else {1: 'st', 2: 'nd', 3: 'rd'}.get(place % 10, 'th')}"


def rank(best: int, worst: int) -> str:
    """between 1st and 3rd; 1st where the range is one place."""
    if best == worst:
        return ordinal(best)
    return _("between %(best)s and %(worst)s") % {"best": ordinal(best), "worst": ordinal(worst)}


def inside(label: str) -> str:
    """A label inside a sentence: its first letter small, unless it is an abbreviation or German."""
    if language() == "de" or len(label) < 2 or not label[1].islower():
        return label
    return label[0].lower() + label[1:]


def short(label: str, most: int = 60) -> str:
    """``label`` for a heading: cut after a whole word, with an ellipsis, where it is longer than ``most`` signs."""
    if len(label) <= most:
        return label
    cut = label[:most].rsplit(" ", 1)[0]
    return f"{cut.rstrip(' ,;:')}…"


def listed(labels: Sequence[str]) -> str:
    """A; A and B; A, B and C."""
    if len(labels) < 2:
        return "".join(labels)
    return _("%(before)s and %(last)s") % {"before": ", ".join(labels[:-1]), "last": labels[-1]}


def counted(value: int) -> str:
    """A number inside a sentence, in words up to twelve."""
    words = (
        pgettext("number", "no"),
        pgettext("number", "one"),
        pgettext("number", "two"),
        pgettext("number", "three"),
        pgettext("number", "four"),
        pgettext("number", "five"),
        pgettext("number", "six"),
        pgettext("number", "seven"),
        pgettext("number", "eight"),
        pgettext("number", "nine"),
        pgettext("number", "ten"),
        pgettext("number", "eleven"),
        pgettext("number", "twelve"),
    )
    return words[value] if 0 <= value < len(words) else number(value)


def day(iso: str) -> str:
    """A date of the document: 2 October 2026."""
    moment = date.fromisoformat(iso[:10])
    return formats.day(moment, language(), "written")


def days(first: str, last: str) -> str:
    """1 September to 2 October 2026."""
    is_one_year = first[:4] == last[:4]
    begins = formats.day(date.fromisoformat(first), language(), "short_written") if is_one_year else day(first)
    return _("%(first)s to %(last)s") % {"first": begins, "last": day(last)}


def picked(texts: dict[str, str], languages: Sequence[str]) -> str:
    """The text in the active language, else in the first of ``languages`` that has one."""
    for candidate in (language(), *languages, *texts):
        if texts.get(candidate):
            return texts[candidate]
    return ""


def capital(text: str) -> str:
    """``text`` as the beginning of a sentence, also where that is a quotation."""
    start = next((place for place, sign in enumerate(text[:3]) if sign.isalnum()), 0)
    return text[:start] + text[start : start + 1].upper() + text[start + 1 :]
