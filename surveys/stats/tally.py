"""The front of the package: one survey counted whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from surveys.stats import plackett_luce
from surveys.stats.ballots import Ballots, Floats, Patterns
from surveys.stats.intervals import Interval, wilson
from surveys.stats.rank_sets import Comparison, Measured, RankSet, clear_gaps, compare
from surveys.stats.shares import POINTS, Method, means, totals
from surveys.stats.titles import Title, title

RESAMPLES = 1000


@dataclass(frozen=True, slots=True)
class OptionTally:
    """One option. Shares run from 0 to 1 and are of all ballots.

    ``borda``: mean points of a ballot (3-2-1, 0 when unchosen). ``strength``: Plackett–Luce, adding up to 1 over the
    options. ``rank_sets`` and ``places`` (equal values share one) by method.
    """

    key: str
    mentions: int
    mention_share: float
    interval: Interval
    first: int
    first_share: float
    first_interval: Interval
    borda_points: int
    borda: float
    strength: float
    rank_sets: Mapping[Method, RankSet]
    places: Mapping[Method, int]

    def value(self, method: Method) -> float:
        """The figure by which ``method`` ranks."""
        figures = {Method.MENTIONS: self.mention_share, Method.FIRST: self.first_share, Method.BORDA: self.borda}
        return figures.get(method, self.strength)


@dataclass(frozen=True, slots=True)
class Ranking:
    """What one method makes of all options: keys in order of value (equal ones in the options' fixed order), after
    how many rows a clear gap lies, and the case of the title sentence. ``critical``: max-T, for the method section."""

    method: Method
    order: tuple[str, ...]
    clear_gaps: tuple[int, ...]
    title: Title
    critical: float


@dataclass(frozen=True, slots=True)
class Tally:
    """``options`` in their fixed order; ``rankings`` by method; ``seed`` and ``resamples`` reproduce all of it."""

    n: int
    options: tuple[OptionTally, ...]
    rankings: Mapping[Method, Ranking]
    seed: int
    resamples: int

    def option(self, key: str) -> OptionTally:
        """The option with that key; raises ``KeyError``."""
        for option in self.options:
            if option.key == key:
                return option
        raise KeyError(key)

    def ranked(self, method: Method = Method.MENTIONS) -> tuple[OptionTally, ...]:
        """The options in the order of ``method``."""
        return tuple(self.option(key) for key in self.rankings[method].order)


def tally(ballots: Ballots, *, seed: int, resamples: int = RESAMPLES) -> Tally:
    """Count ``ballots`` by every method.

    ``seed`` makes a publication reproducible: the same ballots, in any order, with the same options in the same order
    give the same answer. Also for no ballot, one, or ballots all alike.
    """
    patterns = ballots.patterns()
    fit = plackett_luce.fit(patterns)
    measured = [*(_points(patterns, method) for method in POINTS), _strengths(patterns, fit)]
    found = compare(patterns, measured, generator=np.random.default_rng(seed), resamples=resamples)
    comparisons = dict(zip([*POINTS, Method.PLACKETT_LUCE], found, strict=True))
    rankings = {method: _ranking(method, comparisons, options=ballots.options, n=ballots.n) for method in comparisons}
    return Tally(ballots.n, _options(ballots.options, patterns, fit, comparisons), rankings, seed, resamples)


def _points(patterns: Patterns, method: Method) -> Measured:
    return Measured(means(patterns, method), patterns.scored(POINTS[method]))


def _strengths(patterns: Patterns, fit: plackett_luce.Fit) -> Measured:
    """Compared as logarithms. The imagined ballots keep an option that nobody chose from looking certain."""
    mean: Floats = patterns.counts @ fit.influence / max(patterns.n, 1)
    imagined = fit.prior_influence
    moments = plackett_luce.PRIOR * imagined.T @ imagined
    own = np.diag(moments)
    return Measured(fit.log_strengths, fit.log_strengths + fit.influence - mean, own[:, None] + own - 2 * moments)


def _ranking(method: Method, comparisons: Mapping[Method, Comparison], *, options: tuple[str, ...], n: int) -> Ranking:
    comparison = comparisons[method]
    order = comparison.order
    return Ranking(
        method=method,
        order=tuple(options[j] for j in order),
        clear_gaps=clear_gaps(comparison, order),
        title=title(method, comparisons, options=options, n=n),
        critical=comparison.critical,
    )


def _options(
    keys: tuple[str, ...], patterns: Patterns, fit: plackett_luce.Fit, comparisons: Mapping[Method, Comparison]
) -> tuple[OptionTally, ...]:
    n = patterns.n
    mentions, first, borda = (totals(patterns, method).tolist() for method in POINTS)
    strengths = fit.strengths.tolist()
    sets = {method: comparison.rank_sets for method, comparison in comparisons.items()}
    places = {method: comparison.places for method, comparison in comparisons.items()}
    return tuple(
        OptionTally(
            key=key,
            mentions=mentions[j],
            mention_share=mentions[j] / max(n, 1),
            interval=wilson(mentions[j], n),
            first=first[j],
            first_share=first[j] / max(n, 1),
            first_interval=wilson(first[j], n),
            borda_points=borda[j],
            borda=borda[j] / max(n, 1),
            strength=strengths[j],
            rank_sets={method: sets[method][j] for method in sets},
            places={method: places[method][j] for method in places},
        )
        for j, key in enumerate(keys)
    )
