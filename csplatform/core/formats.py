"""Money, numbers and dates as people of a locale write them. Pure: the locale is always passed in."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from functools import cache

from babel import Locale, UnknownLocaleError
from babel.core import get_global
from babel.dates import format_date, format_skeleton
from babel.numbers import (
    format_compact_currency,
    format_compact_decimal,
    format_currency,
    format_decimal,
    format_percent,
    get_currency_precision,
)

MINUS = "\N{MINUS SIGN}"
UNKNOWN = "\N{EN DASH}"


@cache
def locale_of(code: str | None) -> Locale:
    """The Babel locale of a Django language code; English where the code is empty or unknown.

    Plain "en" reads as British English: day before month and a 24-hour clock, as our users write them.
    """
    name = (code or "en").replace("-", "_")
    try:
        return Locale.parse("en_GB" if name.lower() in {"en", "en_eu"} else name)
    except (UnknownLocaleError, ValueError):
        return Locale.parse("en_GB")


def is_currency(code: str) -> bool:
    """Whether CLDR knows the ISO 4217 code."""
    return code in get_global("all_currencies")


def minor_to_decimal(minor: int, currency: str) -> Decimal:
    """Amount in whole units from minor units: 12345 EUR → 123.45, 12345 JPY → 12345."""
    return Decimal(minor).scaleb(-get_currency_precision(currency))


def money(minor: int | None, currency: str, language: str | None) -> str:
    """Whole units without cents when there are none: €214,000 but €214.50. Unknown is a dash, not zero."""
    if minor is None:
        return UNKNOWN
    amount = minor_to_decimal(minor, currency)
    whole = amount == amount.to_integral_value()
    locale = locale_of(language)
    pattern = locale.currency_formats["standard"].pattern
    if whole:
        pattern = pattern.replace(".00", "")
    text = format_currency(amount, currency, pattern, locale=locale, currency_digits=not whole)
    return text.replace("-", MINUS)


def money_short(minor: int | None, currency: str, language: str | None) -> str:
    """Compact for charts and strips: €214k, €4.9M (three significant digits at most)."""
    if minor is None:
        return UNKNOWN
    amount = minor_to_decimal(minor, currency)
    locale = locale_of(language)
    size = abs(amount)
    if size < 1000:
        return money(int(amount.to_integral_value()) * 10 ** get_currency_precision(currency), currency, language)
    lead = size
    while lead >= 1000:
        lead /= 1000
    digits = 0 if lead >= 100 else 1 if lead >= 10 else 2
    text = format_compact_currency(amount, currency, locale=locale, fraction_digits=digits).replace("-", MINUS)
    if sum(character.isdigit() for character in text) > 3:
        # No short form in this language for this size (German has none for thousands): write it out.
        return money(round(amount) * 10 ** get_currency_precision(currency), currency, language)
    return text.replace("K", "k") if locale.language == "en" else text


def number(value: Decimal | float | None, language: str | None, *, digits: int | None = None) -> str:
    """A number with the locale's separators; `digits` fixes the decimals, else up to two are shown."""
    if value is None:
        return UNKNOWN
    pattern = "#,##0.##" if digits is None else "#,##0" + ("." + "0" * digits if digits else "")
    return format_decimal(value, pattern, locale=locale_of(language)).replace("-", MINUS)


def number_short(value: Decimal | float | None, language: str | None) -> str:
    """Compact: 1.5M, 37k."""
    if value is None:
        return UNKNOWN
    locale = locale_of(language)
    text = format_compact_decimal(value, locale=locale, fraction_digits=1)
    return text.replace("K", "k") if locale.language == "en" else text


def signed(value: Decimal | float | None, language: str | None, *, digits: int | None = None) -> str:
    """A change with its sign: +2, −9, 0."""
    if value is None:
        return UNKNOWN
    text = number(value, language, digits=digits)
    return f"+{text}" if value > 0 else text


def percent(share: Decimal | float | None, language: str | None, *, digits: int = 0) -> str:
    """A share between 0 and 1 as a percentage: 0.14 → 14 %, spaced as the locale does."""
    if share is None:
        return UNKNOWN
    pattern = "#,##0" + ("." + "0" * digits if digits else "") + "\N{NARROW NO-BREAK SPACE}%"
    return format_percent(share, pattern, locale=locale_of(language))


def day(value: date | datetime | None, language: str | None, style: str = "medium") -> str:
    """A day. Styles: "short" 30 Sep, "medium" 30 Sep 2026, "written" 30 September 2026, "short_written" 30
    September, "long" Tuesday 16 June 2026, "month" Sep, "month_year"."""
    if value is None:
        return UNKNOWN
    locale = locale_of(language)
    if style == "month":
        return format_date(value, "LLL", locale=locale)
    skeletons = {"short": "MMMd", "short_written": "MMMMd", "month_year": "yMMM", "medium": "yMMMd"}
    if style == "written":
        return format_date(value, "long", locale=locale)
    if style in skeletons:
        return format_skeleton(skeletons[style], value, locale=locale)
    return format_date(value, "full", locale=locale)
