"""One wave of a survey against an earlier one, for options with the same wording only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from surveys.stats.ballots import Ballots
from surveys.stats.contrasts import Contrast, Counted, contrasts
from surveys.stats.shares import Method, totals


@dataclass(frozen=True, slots=True)
class Change:
    """``contrast``: the option's mention share now against then; only what is ``clear`` there has changed clearly,
    and what is not clear has not been shown to be unchanged."""

    option: str
    earlier_option: str
    contrast: Contrast


def changes(now: Ballots, earlier: Ballots, *, same_wording: Mapping[str, str]) -> tuple[Change, ...]:
    """For each option of ``now`` that ``same_wording`` maps to one of ``earlier``, in the fixed order of ``now``.

    An option that is new or worded anew is no part of it. Holm over all options compared. The waves are taken as
    independent: who answers both without telling so makes differences look a little less certain than they are.
    Raises ``ValueError`` for an option that is in neither survey.
    """
    unknown = (set(same_wording) - set(now.options)) | (set(same_wording.values()) - set(earlier.options))
    if unknown:
        raise ValueError(f"No such option to compare: {', '.join(sorted(unknown))}.")
    counts, counts_then = _mentions(now), _mentions(earlier)
    compared = [option for option in now.options if option in same_wording]
    pairs = [(counts[option], counts_then[same_wording[option]]) for option in compared]
    return tuple(
        Change(option, same_wording[option], contrast)
        for option, contrast in zip(compared, contrasts(pairs), strict=True)
    )


def _mentions(ballots: Ballots) -> dict[str, Counted]:
    counts = totals(ballots.patterns(), Method.MENTIONS).tolist()
    return {option: Counted(count, ballots.n) for option, count in zip(ballots.options, counts, strict=True)}
