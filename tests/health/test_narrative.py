"""The generated sentence: what changed, why, the money, the deadline, and never a word it has no fact for."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from health.narrative import BAND, FACT, Cause, Situation, facts, headline, plain, sentence

TODAY = date(2026, 6, 16)
FREIGHT = Situation(
    today=TODAY,
    contract_state="active",
    band="watch",
    currency="EUR",
    arr_minor=186_000_00,
    points=5_800,
    points_before=7_100,
    band_before="healthy",
    since=date(2026, 5, 19),
    coverage=100,
    causes=(Cause("Sponsor", -900), Cause("Days active per week", -500), Cause("Depth of use", 200)),
    notice_deadline=date(2026, 9, 30),
    renewal_on=date(2027, 1, 1),
    auto_renews=True,
)


def said(**changes: object) -> str:
    return plain(sentence(replace(FREIGHT, **changes)))  # type: ignore[arg-type]  # keywords of several types


def test_a_fall_names_both_bands_the_two_strongest_causes_the_money_and_the_deadline() -> None:
    assert said() == (
        "Fell from healthy to watch because sponsor lost 9 and days active per week lost 5. "
        "€186,000 renews by itself unless notice comes by 30 Sept 2026, 106 days from now."
    )


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"points": 7_300, "band": "healthy", "points_before": 5_800, "band_before": "watch",
          "causes": (Cause("Sponsor", 900),)}, "Rose from watch to healthy because sponsor gained 9."),
        ({"points": 6_600, "band_before": "watch", "points_before": 6_700}, "Watch and steady at 66."),
        ({"points": 4_900, "band_before": "watch", "points_before": 5_800}, "Watch, down 9 to 49 because"),
        ({"points_before": None, "band_before": None, "causes": ()}, "Watch and steady at 58."),
        ({"band": "unknown", "points": None, "coverage": 30}, "Health is unknown: data covers 30"),
        ({"causes": (Cause("Seats in use", -1_300, lost=True),)}, "because seats in use is no longer known."),
    ],
)  # fmt: skip
def test_each_movement_has_its_words(changes: dict[str, object], words: str) -> None:
    assert said(**changes).startswith(words) or words in said(**changes)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"contract_state": "notice_given"}, "Notice was given: €186,000 ends on 1 Jan 2027."),
        ({"contract_state": "in_grace", "arr_minor": 0}, "The contract ended on 1 Jan 2027 without a successor yet."),
        ({"notice_deadline": None}, "€186,000 is up for renewal on 1 Jan 2027."),
        ({"notice_deadline": None, "renewal_on": None}, "€186,000 a year is under contract."),
        ({"contract_state": "none", "band": "not_applicable", "points": None, "stage_name": "Trial"},
         "Before the contract, at Trial. €186,000 a year is expected."),
        ({"contract_state": "churned", "band": "not_applicable", "churned_on": date(2026, 5, 3)},
         "Churned on 3 May 2026."),
    ],
)  # fmt: skip
def test_each_contract_state_has_its_words(changes: dict[str, object], words: str) -> None:
    assert said(**changes).endswith(words)


def test_who_is_leaving_is_told_first() -> None:
    assert headline(replace(FREIGHT, contract_state="notice_given")).startswith("Notice was given")


def test_figures_and_bands_are_marked() -> None:
    marks = {part.text: part.mark for part in sentence(FREIGHT) if part.mark}
    assert marks == {"watch": BAND, "€186,000": FACT, "30 Sept 2026": FACT}


def test_the_facts_behind_the_sentence_are_listed() -> None:
    listed = dict(facts(FREIGHT))
    assert listed["ARR"] == "€186,000"
    assert listed["Sponsor"] == "−9.00 points"
    assert listed["Notice deadline"] == "30 Sept 2026"
    assert "Churned" not in listed


def test_another_language_writes_its_own_dates_and_sums() -> None:
    with translation.override("de"):
        assert "186.000" in said()
        assert "Days active per week" in said()


@given(
    st.sampled_from(["none", "active", "notice_given", "in_grace", "churned"]),
    st.sampled_from(["healthy", "watch", "at_risk", "unknown", "not_applicable"]),
    st.none() | st.integers(0, 10_000),
    st.none() | st.integers(0, 10_000),
    st.none() | st.integers(-(10**12), 10**12),
    st.none() | st.dates(),
)
def test_no_situation_breaks_the_sentence(
    state: str, band: str, points: int | None, before: int | None, arr: int | None, day: date | None
) -> None:
    situation = replace(
        FREIGHT, contract_state=state, band=band, points=points, points_before=before, arr_minor=arr,
        notice_deadline=day, renewal_on=day, churned_on=day, since=day or TODAY,
    )  # fmt: skip
    text = plain(sentence(situation))
    assert "%(" not in text
    assert "None" not in text
    assert facts(situation)
