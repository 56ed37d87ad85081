"""Money, numbers and dates read as a person of the language writes them; the unknown is never zero."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csplatform.core import formats


def plain(text: str) -> str:
    """Text with every kind of space made an ordinary one."""
    return " ".join(text.split())


@pytest.mark.parametrize(
    ("language", "minor", "currency", "text"),
    [
        ("en", 21_400_000, "EUR", "€214,000"),
        ("en", 21_450, "EUR", "€214.50"),
        ("en", -940_000, "EUR", "−€9,400"),
        ("en", 12_345, "JPY", "JP¥12,345"),
        ("fr", 21_400_000, "EUR", "214 000 €"),
        ("de", 21_400_000, "EUR", "214.000 €"),
        ("de", 21_450, "EUR", "214,50 €"),
        ("xx", 100, "EUR", "€1"),
        (None, 100, "EUR", "€1"),
    ],
)
def test_money_in_full(language: str | None, minor: int, currency: str, text: str) -> None:
    assert plain(formats.money(minor, currency, language)) == text


@pytest.mark.parametrize(
    ("language", "minor", "text"),
    [
        ("en", 21_400_000, "€214k"),
        ("en", 490_000_000, "€4.9M"),
        ("en", 90_000, "€900"),
        ("en", 89_999, "€900"),
        ("en", 0, "€0"),
        ("fr", 490_000_000, "4,9 M €"),
        ("de", 490_000_000, "4,9 Mio. €"),
        ("de", 21_400_000, "214.000 €"),
        ("de", 819_000, "8.190 €"),
        ("de", 1_025_800, "10.258 €"),
    ],
)
def test_money_in_short(language: str, minor: int, text: str) -> None:
    assert plain(formats.money_short(minor, "EUR", language)) == text


@given(
    st.integers(-(10**15), 10**15), st.sampled_from(["EUR", "USD", "JPY", "BHD"]), st.sampled_from(["en", "fr", "de"])
)
def test_any_amount_can_be_written(minor: int, currency: str, language: str) -> None:
    assert formats.money(minor, currency, language)
    assert formats.money_short(minor, currency, language)


def test_minor_units_follow_the_currency() -> None:
    assert formats.minor_to_decimal(12_345, "EUR") == Decimal("123.45")
    assert formats.minor_to_decimal(12_345, "JPY") == Decimal(12_345)
    assert formats.minor_to_decimal(12_345, "BHD") == Decimal("12.345")


def test_what_is_unknown_is_a_dash_and_not_zero() -> None:
    assert formats.money(None, "EUR", "en") == formats.UNKNOWN
    assert formats.number(None, "en") == formats.UNKNOWN
    assert formats.percent(None, "en") == formats.UNKNOWN
    assert formats.day(None, "en") == formats.UNKNOWN
    assert formats.signed(None, "en") == formats.UNKNOWN


def test_changes_carry_their_sign_and_none_has_none() -> None:
    assert [formats.signed(value, "en") for value in (2, -9, 0)] == ["+2", "−9", "0"]


@pytest.mark.parametrize(
    ("language", "style", "text"),
    [
        ("en", "short", "9 Jun"),
        ("en", "medium", "9 Jun 2026"),
        ("en", "long", "Tuesday, 9 June 2026"),
        ("fr", "long", "mardi 9 juin 2026"),
        ("en", "written", "9 June 2026"),
        ("de", "written", "9. Juni 2026"),
        ("de", "medium", "9. Juni 2026"),
    ],
)
def test_days(language: str, style: str, text: str) -> None:
    assert plain(formats.day(date(2026, 6, 9), language, style)) == text
