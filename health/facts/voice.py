"""Survey scores (NPS, CSAT, CES) as a source of measures."""

from __future__ import annotations

from datetime import date

from health.facts.sources import Asked, Reader
from health.measures import Spec, Told
from surveys.selectors.known_scores import KnownScores


def load(asked: Asked) -> Reader:
    """Answers of the kinds asked for; a figure needs one answer in its window, else it is unknown."""
    kinds = sorted({spec.part("kind") for spec in asked.specs})
    known = KnownScores(asked.customer_ids, kinds, recorded_by=asked.recorded_by)

    def read(spec: Spec, day: date, known_by: date) -> Told:
        found = known.figures(
            spec.part("kind"), day, days=spec.window_days, one_each=spec.aggregation == "latest", known_by=known_by
        )
        return Told(found.values, found.last_day)

    return read
