"""A community survey counted whole, in CPU-seconds of one process: 100,000 ballots of 15 options at full scale.

Counted are every method with rank sets from 1,000 resamples, five segment questions of six values each, the
sensitivity panel and the position check. Beside it: resampling ballot by ballot instead of by patterns (three methods'
counts only, a sample of the resamples, taken up to 1,000), and the least that exact resampling by patterns costs,
drawing the counts and adding up.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from bench.table import Row
from surveys.stats.ballots import Ballots, Floats, Integers
from surveys.stats.position import position_check
from surveys.stats.segments import Segmentation, against_the_rest
from surveys.stats.sensitivity import sensitivity
from surveys.stats.shares import BORDA_POINTS, FIRST_POINTS, MENTION_POINTS
from surveys.stats.tally import RESAMPLES, tally

UNIT = "CPU-seconds"
_BALLOTS = 100_000
_OPTIONS = 15
_QUESTIONS = 5
_VALUES = 6
_NAIVE_SAMPLE = 20
_TIMES = 3


def run(scale: float = 1.0) -> list[Row]:
    """The whole recount and its parts; medians of three."""
    n = max(100, round(_BALLOTS * scale))
    generator = np.random.default_rng(2026)
    ballots, orders = _survey(generator, n)
    asked = [
        Segmentation(f"question-{number}", tuple("uvwxyz"), generator.integers(-1, _VALUES, size=n))
        for number in range(_QUESTIONS)
    ]
    flagged = generator.random(n) < 0.01
    parts = {
        "tally": _cpu(lambda: tally(ballots, seed=1)),
        "segments": _cpu(lambda: against_the_rest(ballots, asked)),
        "checks": _cpu(lambda: (sensitivity(ballots, flagged), position_check(ballots, orders))),
    }
    naive = _cpu(lambda: _ballot_by_ballot(ballots, generator), times=1) * RESAMPLES / _NAIVE_SAMPLE
    floor = _cpu(lambda: _draw_and_add(ballots, generator))
    return [
        Row("survey_recount", sum(parts.values()), UNIT, n, naive, floor, is_time=True),
        *(Row(f"survey_recount_{name}", seconds, UNIT, n, is_time=True) for name, seconds in parts.items()),
    ]


def _survey(generator: np.random.Generator, n: int) -> tuple[Ballots, Integers]:
    """Ballots of one to three choices, leaders chosen eight times as often as the last, and random display orders."""
    liking = np.linspace(np.log(8), 0, _OPTIONS) + generator.gumbel(size=(n, _OPTIONS))
    choices = np.argsort(-liking, axis=1)[:, :3]
    used = generator.choice(3, size=n, p=[0.05, 0.1, 0.85])
    orders = np.argsort(generator.random((n, _OPTIONS)), axis=1)
    options = tuple(f"option-{number}" for number in range(_OPTIONS))
    return Ballots(options, np.where(np.arange(3) > used[:, None], -1, choices)), orders


def _ballot_by_ballot(ballots: Ballots, generator: np.random.Generator) -> list[Floats]:
    """Drawing whole ballots with replacement, and counting each drawn survey anew."""
    found = []
    for _ in range(_NAIVE_SAMPLE):
        drawn = ballots.choices[generator.integers(0, ballots.n, size=ballots.n)]
        for points in (MENTION_POINTS, FIRST_POINTS, BORDA_POINTS):
            total = np.zeros(_OPTIONS + 1)
            for place, worth in enumerate(points):
                total += worth * np.bincount(drawn[:, place] + 1, minlength=_OPTIONS + 1)
            found.append(total[1:])
    return found


def _draw_and_add(ballots: Ballots, generator: np.random.Generator) -> Floats:
    patterns = ballots.patterns()
    drawn = generator.multinomial(patterns.n, patterns.counts / patterns.n, size=RESAMPLES)
    sums: Floats = drawn @ patterns.scored(MENTION_POINTS)
    return sums


def _cpu(work: Callable[[], object], *, times: int = _TIMES) -> float:
    """CPU-seconds of this process, all its threads included; the median of several runs."""
    spent = []
    for _ in range(times):
        began = time.process_time()
        work()
        spent.append(time.process_time() - began)
    return max(sorted(spent)[times // 2], 1e-6)
