"""What became of rows handed to a service, and the errors services raise."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from django.core.exceptions import ValidationError


class StaleVersionError(Exception):
    """Somebody else changed the record since it was read; ``current`` is its version now."""

    def __init__(self, current: int) -> None:
        super().__init__(f"The record was changed meanwhile: it is at version {current} now.")
        self.current = current


class BusyError(Exception):
    """Not now, but soon: the text says what is being waited for."""


class Outcome(StrEnum):
    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Row ``index`` of the call was not taken, because ``field`` holds something that cannot be."""

    index: int
    field: str
    reason: str

    def __str__(self) -> str:
        return f"{self.field}: {self.reason}" if self.field else self.reason


@dataclass(slots=True)
class Result:
    """Per row of the call, in its order: the outcome and the record's id (None when refused).

    ``notes`` counts what was kept but deserves a word. ``changed`` names the fields of updated rows.
    """

    outcomes: list[Outcome]
    ids: list[UUID | None]
    refusals: list[Refusal] = field(default_factory=list)
    notes: Counter[str] = field(default_factory=Counter)
    changed: dict[int, list[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, rows: int) -> Result:
        return cls(outcomes=[Outcome.UNCHANGED] * rows, ids=[None] * rows)

    def refuse(self, index: int, field_name: str, reason: str) -> None:
        self.outcomes[index] = Outcome.REFUSED
        self.refusals.append(Refusal(index, field_name, reason))

    def only_id(self) -> UUID:
        """The record of a call about one row that was not refused."""
        (record_id,) = self.ids
        assert record_id is not None
        return record_id

    def count(self, outcome: Outcome) -> int:
        return self.outcomes.count(outcome)

    def raise_refusals(self) -> None:
        """For calls about one record: the refusals as a ``ValidationError`` by field."""
        if self.refusals:
            errors: dict[str, list[str]] = {}
            for refusal in self.refusals:
                errors.setdefault(refusal.field or "__all__", []).append(refusal.reason)
            raise ValidationError(errors)
