"""Who hears what, and when an attempt is made again: properties of the rules."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.webhooks import catalogue, rules

NOW = datetime(2026, 6, 16, 9, 0, tzinfo=UTC)
CHANCES = st.floats(0, 1, exclude_max=True)


@pytest.mark.parametrize(
    ("patterns", "name", "heard"),
    [
        (["*"], "survey.closed", True),
        (["survey.*"], "survey.closed", True),
        (["survey.*"], "surveys.closed", False),
        (["survey.closed"], "survey.closed", True),
        (["survey.opened"], "survey.closed", False),
        (["health.*", "survey.closed"], "survey.closed", True),
        ([], "survey.closed", False),
    ],
)
def test_an_endpoint_hears_the_names_and_nouns_it_has_chosen(patterns: list[str], name: str, heard: bool) -> None:
    assert rules.hears(patterns, name) is heard


@pytest.mark.parametrize("wrong", ["", "survey", "survey.", "*.closed", "Survey.closed", "survey.c*", "a.b.c", "**"])
def test_what_is_neither_name_nor_noun_nor_star_is_no_pattern(wrong: str) -> None:
    assert not rules.is_pattern(wrong)


@given(chances=st.lists(CHANCES, min_size=60, max_size=60))
def test_attempts_fill_a_day_and_no_more(chances: list[float]) -> None:
    """The waits grow, the last attempt is when the day is over, and there are some fifteen of them."""
    end, moment, attempts = NOW + rules.RETRY_FOR, NOW, 1
    for chance in chances:
        again = rules.next_attempt(attempts=attempts, now=moment, give_up_at=end, chance=chance, status=None, wish=None)
        if again is None:
            break
        assert moment < again <= end
        moment, attempts = again, attempts + 1
    assert moment == end
    assert 12 <= attempts <= 22


@given(attempts=st.integers(1, 10_000), chance=CHANCES)
def test_waits_are_spread_by_a_fifth_and_never_beyond_hours(attempts: int, chance: float) -> None:
    wait, middle = rules.wait_after(attempts, chance=chance), rules.wait_after(attempts, chance=0.5)
    assert abs(wait - middle) <= middle * 0.2001
    assert wait <= timedelta(hours=3.6)


@pytest.mark.parametrize(
    ("status", "wish", "seconds"), [(429, 600, 600), (503, 10**9, 3600), (500, 600, 5), (429, 1, 5)]
)
def test_a_receiver_that_asks_for_time_gets_up_to_an_hour(status: int, wish: int, seconds: int) -> None:
    again = rules.next_attempt(
        attempts=1, now=NOW, give_up_at=NOW + rules.RETRY_FOR, chance=0.5, status=status, wish=wish
    )
    assert again == NOW + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        (200, "arrived"),
        (204, "arrived"),
        (301, "again"),
        (404, "again"),
        (410, "gone"),
        (500, "again"),
        (None, "again"),
    ],
)
def test_only_2xx_has_arrived_and_410_wants_no_more(status: int | None, verdict: str) -> None:
    assert rules.judge(status).value == verdict


@given(st.dictionaries(st.text(), st.none() | st.booleans() | st.integers() | st.text()))
def test_a_body_is_type_timestamp_and_data_and_always_the_same_bytes(data: dict[str, object]) -> None:
    body = rules.body(event="survey.closed", occurred_at=NOW, data=data)
    assert json.loads(body) == {"type": "survey.closed", "timestamp": "2026-06-16T09:00:00.000Z", "data": data}
    assert rules.body(event="survey.closed", occurred_at=NOW, data=dict(reversed(data.items()))) == body


def test_a_key_gives_one_message_id_and_another_key_another() -> None:
    assert rules.message_id("a", "bc") == rules.message_id("a", "bc") != rules.message_id("ab", "c")


def test_the_catalogue_describes_each_event_once() -> None:
    names = [event.name for event in catalogue.all_events()]
    assert len(set(names)) == len(names)
    for event in catalogue.all_events():
        assert rules.is_event_name(event.name)
        assert str(event.description)
        assert all(str(field.description) for field in event.fields)
        assert set(event.example) == {field.name for field in event.fields}
