"""Two independent shares side by side: how far apart, and whether clearly so among all that are compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from surveys.stats.intervals import LEVEL, Interval, newcombe, wilson
from surveys.stats.tails import fisher_mid_p, holm


@dataclass(frozen=True, slots=True)
class Counted:
    """``count`` of ``n``."""

    count: int
    n: int

    @property
    def share(self) -> float:
        return self.count / self.n if self.n else 0.0

    @property
    def interval(self) -> Interval:
        return wilson(self.count, self.n)


@dataclass(frozen=True, slots=True)
class Contrast:
    """``difference`` of the shares (this − other, before any rounding) with Newcombe's interval for it alone.

    ``chance``: Fisher's mid-p after Holm over the whole family. ``clear`` when it is at most 0.05: the only thing that
    may be called a difference. An interval that leaves out 0 is not enough, as many are looked at.
    """

    this: Counted
    other: Counted
    difference: float
    interval: Interval
    chance: float
    clear: bool


def contrasts(pairs: Sequence[tuple[Counted, Counted]]) -> tuple[Contrast, ...]:
    """One contrast for each pair, all of them one family."""
    chances = holm([fisher_mid_p(this.count, this.n, other.count, other.n) for this, other in pairs])
    return tuple(
        Contrast(
            this=this,
            other=other,
            difference=this.share - other.share,
            interval=newcombe(this.count, this.n, other.count, other.n),
            chance=chance,
            clear=chance <= 1 - LEVEL + 1e-12,
        )
        for (this, other), chance in zip(pairs, chances, strict=True)
    )
