"""What comes next for a survey, by its state and its dates."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from surveys.standing import Next, Step, next_step

AT = datetime(2026, 12, 1, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("state", "dated", "expected"),
    [
        ("draft", "", Next(Step.OPEN)),
        ("draft", "opens_at", Next(Step.OPENS_BY_ITSELF, AT)),
        ("draft", "closes_at", Next(Step.OPEN)),
        ("open", "", Next(Step.COLLECT)),
        ("open", "closes_at", Next(Step.CLOSES_BY_ITSELF, AT)),
        ("closed", "", Next(Step.PUBLISH)),
        ("closed", "publishes_at", Next(Step.PUBLISHES_BY_ITSELF, AT)),
        ("published", "publishes_at", Next(Step.NEXT_WAVE)),
    ],
)
def test_the_next_step_is_the_hosts_unless_a_date_is_set(state: str, dated: str, expected: Next) -> None:
    schedule: dict[str, datetime | None] = dict.fromkeys(("opens_at", "closes_at", "publishes_at"))
    if dated:
        schedule[dated] = AT
    assert next_step(state, **schedule) == expected  # type: ignore[arg-type]  # keywords of several types


def test_a_closed_survey_without_a_results_page_is_done() -> None:
    none = {"opens_at": None, "closes_at": None, "publishes_at": AT}
    assert next_step("closed", has_results_page=False, **none) == Next(Step.NEXT_WAVE)
