"""One row of the table: a measured figure beside the naive way and the floor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Row:
    """``value`` in ``unit`` from ``n`` things measured.

    ``naive``: what a plain first version reaches, measured here on the same data. ``floor``: the best anyone could
    do on that step. Where one has no meaning it is None. Ratios above 1 always mean "better than": for rates
    value / other, for times other / value.
    """

    name: str
    value: float
    unit: str
    n: int
    naive: float | None = None
    floor: float | None = None
    is_time: bool = False

    @property
    def ratio_to_naive(self) -> float | None:
        return self._ratio(self.naive)

    @property
    def ratio_to_floor(self) -> float | None:
        return self._ratio(self.floor)

    def _ratio(self, other: float | None) -> float | None:
        if other is None:
            return None
        above, below = (other, self.value) if self.is_time else (self.value, other)
        return above / below if below else None

    def as_json(self) -> dict[str, Any]:
        """As in ``bench/results.json``, to four significant digits."""
        figures = {
            "value": self.value,
            "naive": self.naive,
            "floor": self.floor,
            "ratio_to_naive": self.ratio_to_naive,
            "ratio_to_floor": self.ratio_to_floor,
        }
        rounded = {key: None if figure is None else float(f"{figure:.4g}") for key, figure in figures.items()}
        return {"name": self.name, "unit": self.unit, "n": self.n, **rounded}


_HEADS = ("name", "value", "unit", "naive", "floor", "× naive", "× floor", "n")


def render(rows: Sequence[Row]) -> str:
    """The rows as a text table, figures right-aligned."""
    cells = [_HEADS, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(_HEADS))]
    lines = []
    for line in cells:
        aligned = [
            cell.ljust(width) if column in (0, 2) else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        lines.append("  ".join(aligned).rstrip())
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(lines)


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row.name,
        _figure(row.value),
        row.unit,
        _figure(row.naive),
        _figure(row.floor),
        _figure(row.ratio_to_naive),
        _figure(row.ratio_to_floor),
        f"{row.n:,}",
    )


def _figure(number: float | None) -> str:
    if number is None:
        return "–"
    return f"{number:,.0f}" if abs(number) >= 100 else f"{number:.3g}"
