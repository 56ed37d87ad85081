"""Scores of groups, each against all the others together: which differ clearly. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from surveys.stats.intervals import LEVEL
from surveys.stats.tails import holm

RESAMPLES = 20_000


def clearly_different(
    groups: Sequence[Sequence[int]], everyone: Sequence[int], worth: Sequence[float], *, seed: int
) -> tuple[bool, ...]:
    """For each group of answers whether its mean worth differs clearly from that of everybody outside it.

    ``groups``: how often each answer was given in the group, ``everyone`` in all, ``worth`` what the answer counts (−1,
    0, 1 for NPS). By randomisation: groups of the same size are drawn from everybody ``RESAMPLES`` times without
    replacement, and the chance of a mean as far from everybody's, half of those exactly as far left out (mid-p), is
    corrected for the number of groups (Holm). E. Pitman (1937), Suppl. J. R. Stat. Soc. 4, 119–130.
    """
    random = np.random.default_rng(seed % 2**63)
    total, values = np.array(everyone, dtype=np.int64), np.array(worth, dtype=float)
    chances = [_chance(np.array(group, dtype=np.int64), total, values, random) for group in groups]
    return tuple(chance <= 1 - LEVEL for chance in holm(chances))


def _chance(
    group: np.ndarray[tuple[int], np.dtype[np.int64]],
    total: np.ndarray[tuple[int], np.dtype[np.int64]],
    worth: np.ndarray[tuple[int], np.dtype[np.float64]],
    random: np.random.Generator,
) -> float:
    size, n = int(group.sum()), int(total.sum())
    if not size or size == n:
        return 1.0
    expected = float(total @ worth) * size / n
    seen = abs(float(group @ worth) - expected)
    drawn = random.multivariate_hypergeometric(total, size, RESAMPLES, method="marginals")
    far = np.abs(drawn @ worth - expected)
    beyond, alike = (far > seen + 1e-9).sum(), (np.abs(far - seen) <= 1e-9).sum()
    return float((beyond + (alike + 1) / 2) / (RESAMPLES + 1))
