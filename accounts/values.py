"""From what people and programs write to typed values: text, money, dates, yes and no. Pure: no Django, no clock.

Every function takes text as it stands in a file or a value that is typed already, returns the typed value (None
for "nothing said"), and raises ``ValueError`` with a sentence a person can act on. One set of functions serves
files, REST, product traits and pages, so that the same value means the same everywhere.
"""

from __future__ import annotations

import json
import math
import re
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation

from babel.numbers import get_currency_precision

MONEY_LIMIT_MINOR = 10**13
WHOLE_LIMIT = 2_147_483_647
_FIRST_YEAR, _LAST_YEAR = 1900, 2199

_SPACES = re.compile(r"[\s\u00a0\u202f']")
_NUMBER = re.compile(r"^[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d{1,3})?$")
_GROUPED = re.compile(r"^[+-]?\d{1,3}(?:([.,])\d{3})+$")
_DOTTED_DATE = re.compile(r"^(\d{1,2})\.(\d{1,2})\.(\d{4})$")
_EMAIL = re.compile(r"^[^@\s]{1,64}@[^@\s]+\.[^@\s.]{2,}$")
_TRUE = {"true", "t", "yes", "y", "1", "x", "on", "oui", "o", "vrai", "ja", "j", "wahr"}
_FALSE = {"false", "f", "no", "n", "0", "off", "non", "faux", "nein", "falsch"}


def is_blank(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def refuse_unstorable(value: str) -> None:
    """Raise where PostgreSQL could not keep ``value``: a NUL character or half of a surrogate pair."""
    if "\x00" in value:
        raise ValueError("contains a NUL character, which cannot be stored")
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        raise ValueError(
            "contains half a character (a lone surrogate or bytes that are not UTF-8), which cannot be stored"
        ) from None


def text(value: object, *, limit: int) -> str:
    """Text without surrounding space, at most ``limit`` characters; empty when nothing is said."""
    if value is None:
        return ""
    if isinstance(value, (dict, list)):
        raise ValueError("is a list or an object, where text is expected")
    cleaned = str(value).strip()
    refuse_unstorable(cleaned)
    if len(cleaned) > limit:
        raise ValueError(f"is {len(cleaned)} characters long; {limit} is the limit")
    return cleaned


def email(value: object) -> str:
    cleaned = text(value, limit=254).lower()
    if cleaned and not _EMAIL.match(cleaned):
        raise ValueError(f"{_quoted(cleaned)} is not an e-mail address")
    return cleaned


def domain(value: object) -> str:
    """A host name; scheme, path and a leading ``www.`` are dropped."""
    cleaned = text(value, limit=500).lower()
    cleaned = re.sub(r"^[a-z]+://", "", cleaned).split("/")[0].removeprefix("www.")
    if len(cleaned) > 253:
        raise ValueError("is longer than a host name can be")
    return cleaned


def number(value: object) -> Decimal | None:
    """A finite decimal. A decimal comma and thousands separators are understood where they cannot be mistaken."""
    if is_blank(value):
        return None
    if isinstance(value, bool):
        raise ValueError("is yes or no, where a number is expected")
    written = _SPACES.sub("", str(value))
    try:
        parsed = Decimal(_with_decimal_point(written))
    except InvalidOperation:
        raise ValueError(f"{_quoted(value)} is not a number") from None
    return parsed


def _with_decimal_point(written: str) -> str:
    if _NUMBER.match(written):
        return written
    comma, point = written.rfind(","), written.rfind(".")
    if comma >= 0 and point >= 0:
        grouping, decimal = (".", ",") if comma > point else (",", ".")
        candidate = written.replace(grouping, "").replace(decimal, ".")
    elif match := _GROUPED.match(written):
        if written.count(match[1]) == 1:
            raise ValueError(
                f"{_quoted(written)} could mean two numbers: write it without a thousands separator, "
                "and decimals after a point"
            )
        candidate = written.replace(match[1], "")
    else:
        candidate = written.replace(",", ".")
    if not _NUMBER.match(candidate):
        raise ValueError(f"{_quoted(written)} is not a number")
    return candidate


def whole(value: object, *, low: int = 0, high: int = WHOLE_LIMIT) -> int | None:
    """A whole number from ``low`` to ``high``; ``12.0`` is 12."""
    parsed = number(value)
    if parsed is None:
        return None
    if abs(parsed) > 10**12 or parsed != parsed.to_integral_value():
        raise ValueError(f"{_quoted(value)} is not a whole number from {low} to {high}")
    result = int(parsed)
    if not low <= result <= high:
        raise ValueError(f"{_quoted(value)} is not a whole number from {low} to {high}")
    return result


def money_minor(value: object, currency: str, *, times: int = 1) -> int | None:
    """``value`` × ``times`` in minor units of ``currency``; from nothing up to 10^13 minor units.

    Multiplied before it is rounded (half to even), so that twelve months of 83.333333 are a year's 1000.00.
    """
    parsed = number(value)
    if parsed is None:
        return None
    if parsed < 0:
        raise ValueError(f"{_quoted(value)} is negative; money here is what the customer pays")
    if parsed > MONEY_LIMIT_MINOR:
        raise ValueError(f"{_quoted(value)} is more than can be meant: the limit is 10^13 minor units")
    minor = (parsed * times).scaleb(get_currency_precision(currency)).quantize(Decimal(1), ROUND_HALF_EVEN)
    if minor > MONEY_LIMIT_MINOR:
        raise ValueError(f"{_quoted(value)} is more than can be meant: the limit is 10^13 minor units")
    return int(minor)


def currency(value: object) -> str:
    cleaned = text(value, limit=20).upper()
    if cleaned and not re.fullmatch(r"[A-Z]{3}", cleaned):
        raise ValueError(f"{_quoted(value)} is not a currency code such as EUR")
    return cleaned


def moment(value: object) -> datetime | None:
    """An instant in UTC. ISO 8601; without a zone it is UTC; a day alone is its midnight."""
    if is_blank(value):
        return None
    if isinstance(value, datetime):
        parsed = value
    elif isinstance(value, date):
        parsed = datetime(value.year, value.month, value.day, tzinfo=UTC)
    else:
        parsed = _parse_moment(str(value).strip())
    if parsed.tzinfo is None:
        parsed = parsed.replace(tzinfo=UTC)
    if not _FIRST_YEAR <= parsed.year <= _LAST_YEAR:
        raise ValueError(f"{_quoted(value)} is not between the years {_FIRST_YEAR} and {_LAST_YEAR}")
    return parsed.astimezone(UTC)


def _parse_moment(written: str) -> datetime:
    if match := _DOTTED_DATE.match(written):
        day_, month, year = (int(part) for part in match.groups())
        written = f"{year:04d}-{month:02d}-{day_:02d}"
    try:
        return datetime.fromisoformat(written.replace("/", "-"))
    except ValueError:
        raise ValueError(f"{_quoted(written)} is not a date such as 2026-01-31 or 2026-01-31T14:30:00Z") from None


def day(value: object) -> date | None:
    """A day. Of an instant, its UTC date."""
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day, tzinfo=UTC)
    parsed = moment(value)
    return parsed.date() if parsed else None


def yes_or_no(value: object) -> bool | None:
    """True or False from the usual words of English, French and German; None when nothing is said."""
    if value is None or isinstance(value, bool):
        return value
    lowered = str(value).strip().lower()
    if lowered in _TRUE:
        return True
    if lowered in _FALSE:
        return False
    if not lowered:
        return None
    raise ValueError(f"{_quoted(value)} is neither yes nor no")


def tags(value: object) -> list[str]:
    """Distinct tags in the order given, from a list or from text parted by ``|``, ``;`` or ``,``."""
    parts = value if isinstance(value, (list, tuple)) else re.split(r"[|;,]", text(value, limit=5000))
    return list(dict.fromkeys(cleaned for part in parts if (cleaned := text(part, limit=60))))


def trait(value: object) -> object:
    """A free value as JSON keeps it: text of at most 1,000 characters, a finite number, yes or no, or a small list
    or object. Dates become text; blank is None."""
    if is_blank(value):
        return None
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("is not a finite number")
    if isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, (dict, list)):
        written = json.dumps(value, ensure_ascii=False)
        if "\\u0000" in written:
            refuse_unstorable("\x00")
        text(written, limit=4_000)
        return value
    return text(value.isoformat() if isinstance(value, (date, datetime)) else value, limit=1_000)


def _quoted(value: object) -> str:
    written = str(value)
    return f"“{written if len(written) <= 60 else written[:57] + '…'}”"
