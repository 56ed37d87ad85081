"""Where a survey stands and what its hosts do next; rules that need nothing but dates and states."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Step(StrEnum):
    """What comes next. The ``*_BY_ITSELF`` ones happen on the date the hosts have set."""

    OPEN = "open"
    OPENS_BY_ITSELF = "opens_by_itself"
    COLLECT = "collect"
    CLOSES_BY_ITSELF = "closes_by_itself"
    PUBLISH = "publish"
    PUBLISHES_BY_ITSELF = "publishes_by_itself"
    NEXT_WAVE = "next_wave"


@dataclass(frozen=True, slots=True)
class Next:
    """The next step, and when it happens by itself (None: when a host does it)."""

    step: Step
    at: datetime | None = None


def next_step(
    state: str,
    *,
    opens_at: datetime | None,
    closes_at: datetime | None,
    publishes_at: datetime | None,
    has_results_page: bool = True,
) -> Next:
    """The next step of a survey in ``state`` (draft, open, closed, published) with this schedule.

    ``has_results_page``: whether it is meant to be published; a closed survey that is not is done.
    """
    if state == "draft":
        return Next(Step.OPENS_BY_ITSELF, opens_at) if opens_at else Next(Step.OPEN)
    if state == "open":
        return Next(Step.CLOSES_BY_ITSELF, closes_at) if closes_at else Next(Step.COLLECT)
    if state == "closed" and has_results_page:
        return Next(Step.PUBLISHES_BY_ITSELF, publishes_at) if publishes_at else Next(Step.PUBLISH)
    return Next(Step.NEXT_WAVE)
