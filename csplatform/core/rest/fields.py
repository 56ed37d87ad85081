"""Serializer fields the framework lacks: money beside its currency, instants in UTC, hundredths."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeVar

from babel.numbers import get_currency_precision
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

F = TypeVar("F", bound="serializers.Field[Any, Any, Any, Any]")

_MONEY = {"type": ["string", "null"], "pattern": r"^-?\d+(\.\d+)?$", "examples": ["186000.00"]}


def money(minor: int | None, currency: str) -> str | None:
    """Minor units as a decimal string with the digits the currency has."""
    if minor is None:
        return None
    digits = get_currency_precision(currency)
    return f"{Decimal(minor).scaleb(-digits):.{digits}f}"


def shaped(base: type[F], schema: dict[str, Any]) -> type[F]:
    """``base`` as ``schema`` describes it; a class of its own, because the description sticks to the class."""
    own: type[F] = type(base.__name__, (base,), {})
    return extend_schema_field(schema)(own)


@extend_schema_field(_MONEY)
class Money(serializers.Field[Any, Any, Any, Any]):
    """Column ``column`` of a row, minor units, as a decimal string. Its currency: the row's, else the workspace's.

    ``divided_by``: for a part of the amount, rounded half to even to the digits the currency has.
    """

    def __init__(self, column: str, *, divided_by: int = 1, **options: Any) -> None:
        self.column, self.divided_by = column, divided_by
        super().__init__(source="*", read_only=True, **options)

    def to_representation(self, value: Any) -> str | None:
        currency = getattr(value, "currency", None) or self.context["workspace"].currency
        minor = getattr(value, self.column)
        return money(minor if minor is None else round(Decimal(minor) / self.divided_by), currency)


@extend_schema_field({"type": ["string", "number"], "examples": ["186000.00"]})
class Amount(serializers.DecimalField):
    """Money to be written: a decimal string (or number) that is not negative; null clears it.

    The currency's digits are the service's affair, so up to six decimals pass (a twelfth of a year's price).
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(max_digits=20, decimal_places=6, min_value=Decimal(0), required=False, **options)


@extend_schema_field(OpenApiTypes.DATETIME)
class Instant(serializers.Field[Any, Any, Any, Any]):
    """RFC 3339 in UTC, ``Z`` at the end."""

    def to_representation(self, value: datetime) -> str:
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


@extend_schema_field(OpenApiTypes.DOUBLE)
class Scaled(serializers.Field[Any, Any, Any, Any]):
    """A whole number of ``1/scale`` as a decimal number."""

    def __init__(self, scale: int, **options: Any) -> None:
        self.scale = scale
        super().__init__(read_only=True, **options)

    def to_representation(self, value: int) -> float:
        return value / self.scale


@extend_schema_field(OpenApiTypes.DOUBLE)
class Real(serializers.FloatField):
    """A finite number; the framework's field takes truth values and "nan", and breaks on 400 digits."""

    def to_internal_value(self, data: Any) -> float:
        if isinstance(data, bool):
            self.fail("invalid")
        try:
            value = super().to_internal_value(data)
        except OverflowError:
            value = math.inf
        if not math.isfinite(value):
            self.fail("invalid")
        return value
