"""What a raw answer means: every fault has a name, nothing is guessed, nothing is lost."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.ballots import Definition, Fault, OptionRule, QuestionRule, Refused, parse

OPTIONS = {"a": OptionRule(1), "b": OptionRule(2), "c": OptionRule(3), "d": OptionRule(4), "gone": OptionRule(5, False)}
ROLE = QuestionRule("role", "single", ("leader", "csm"), is_segment=True)
TOP3 = Definition("top3", OPTIONS, questions=(ROLE,))


def faults(raw: dict[str, Any], definition: Definition = TOP3) -> list[Fault]:
    with pytest.raises(Refused) as refused:
        parse(raw, definition)
    return refused.value.faults


def ask(kind: str, **rule: Any) -> Definition:
    return Definition("form", questions=(QuestionRule("q", kind, **rule),))


def test_one_to_three_choices_in_the_order_given() -> None:
    assert parse({"choice_1": "c"}, TOP3).choices == (3,)
    assert parse({"choice_3": "a", "choice_1": "c", "choice_2": "b"}, TOP3).choices == (3, 2, 1)


def test_blank_places_are_closed_up() -> None:
    assert parse({"choice_1": "", "choice_2": "b", "choice_3": None}, TOP3).choices == (2,)


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        ({}, [Fault("choice_1", "none")]),
        ({"choice_1": "", "choice_2": ""}, [Fault("choice_1", "none")]),
        ({"choice_1": "a", "choice_2": "a"}, [Fault("choice_2", "twice", {"key": "a", "place": 1})]),
        ({f"choice_{n}": key for n, key in enumerate("abcd", 1)}, [Fault("choice_4", "too_many")]),
        ({"choice_1": "a", "choice_0": "b"}, [Fault("choice_0", "too_many")]),
        ({"choice_1": "nonsense"}, [Fault("choice_1", "unknown", {"key": "nonsense"})]),
        ({"choice_1": "1"}, [Fault("choice_1", "unknown", {"key": "1"})]),
        ({"choice_1": "a", "choice_2": "gone"}, [Fault("choice_2", "retired", {"key": "gone"})]),
        ({"choice_1": "other"}, [Fault("other", "no_words")]),
        ({"choice_1": "other", "other": " \n "}, [Fault("other", "no_words")]),
        ({"choice_1": "a", "other": "x" * 501}, [Fault("other", "too_long", {"length": 501, "limit": 500})]),
        ({"choice_1": "other", "other": "x" * 20_000}, [Fault("other", "too_long", {"length": 20_000, "limit": 500})]),
        ({"choice_1": "a", "other": "nul \0"}, [Fault("other", "unreadable")]),
        ({"choice_1": "a", "other": "half \ud83d"}, [Fault("other", "unreadable")]),
        ({"choice_1": "a", "other": ["list"]}, [Fault("other", "not_text")]),
        ({"choice_1": "a", "segment_role": "x"}, [Fault("segment_role", "unknown_choice", {"key": "x"})]),
        ({"choice_1": "a", "segment_shoe": "x"}, [Fault("segment_shoe", "unknown_question")]),
        ({"choice_1": {"deep": 1}}, [Fault("choice_1", "unknown", {"key": "{'deep': 1}"})]),
    ],
)
def test_each_fault_is_named_with_its_field(raw: dict[str, Any], found: list[Fault]) -> None:
    assert faults(raw) == found


def test_all_faults_are_told_at_once_and_good_values_are_kept() -> None:
    with pytest.raises(Refused) as refused:
        parse({"choice_1": "a", "choice_2": "gone", "other": "x" * 600, "segment_role": "csm"}, TOP3)
    assert [fault.code for fault in refused.value.faults] == ["too_long", "retired"]
    assert refused.value.kept == {"choice_1": "a", "other": "x" * 600, "segment_role": "csm"}


def test_own_words_have_the_place_they_were_given() -> None:
    ballot = parse({"choice_1": "b", "choice_2": "other", "other": "  Too many tools\r\n"}, TOP3)
    assert (ballot.choices, ballot.other_text) == ((2, 0), "Too many tools")


def test_own_words_alone_are_the_choice_and_beside_others_are_kept_without_a_place() -> None:
    assert parse({"other": "🤷🏽‍♀️"}, TOP3).choices == (0,)
    beside = parse({"choice_1": "a", "choice_2": "b", "choice_3": "c", "other": "and meetings"}, TOP3)
    assert (beside.choices, beside.other_text) == ((1, 2, 3), "and meetings")


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "=HYPERLINK(A1)", "🔥", "x" * 500, "ß" * 500, "‮rtl"])
def test_odd_but_harmless_words_are_stored_as_they_are(text: str) -> None:
    assert parse({"choice_1": "other", "other": text}, TOP3).other_text == text


def test_quoting_needs_consent_and_something_to_quote() -> None:
    assert parse({"choice_1": "other", "other": "words", "may_quote": "1"}, TOP3).may_quote
    assert not parse({"choice_1": "other", "other": "words"}, TOP3).may_quote
    assert not parse({"choice_1": "a", "may_quote": "on"}, TOP3).may_quote


def test_a_survey_without_own_words_refuses_them() -> None:
    closed = Definition("top3", OPTIONS, allow_other=False)
    assert [(f.field, f.code) for f in faults({"choice_1": "other"}, closed)] == [("choice_1", "no_other")]
    assert [(f.field, f.code) for f in faults({"choice_1": "a", "other": "x"}, closed)] == [("other", "no_other")]


def test_an_answer_being_changed_may_keep_what_is_no_longer_offered() -> None:
    assert parse({"choice_1": "gone"}, TOP3, held=[5]).choices == (5,)


@pytest.mark.parametrize(("kind", "low", "high"), [("nps", 0, 10), ("csat", 1, 5), ("ces", 1, 7)])
def test_scores_are_whole_numbers_inside_their_scale(kind: str, low: int, high: int) -> None:
    definition = Definition(kind)
    assert parse({"score": str(low)}, definition).score == low
    assert parse({"score": high}, definition).score == high
    ends = {"low": low, "high": high}
    for wrong in (low - 1, high + 1, "3.5", "ten", True, "٣", "9" * 400):
        assert faults({"score": wrong}, definition) == [Fault("score", "out_of_range", ends)]
    assert faults({}, definition) == [Fault("score", "none", ends)]


def test_questions_of_each_kind() -> None:
    assert parse({"answer_q": "x"}, ask("single", choices=("x", "y"))).answers == {"q": "x"}
    assert parse({"answer_q": ["y", "", "x"]}, ask("multiple", choices=("x", "y"))).answers == {"q": ["x", "y"]}
    assert parse({"answer_q": ["y", "x"]}, ask("ranking", choices=("x", "y"))).answers == {"q": ["y", "x"]}
    assert parse({"answer_q": "7"}, ask("scale", low=0, high=10)).answers == {"q": 7}
    assert parse({"answer_q": " Long story "}, ask("text")).answers == {"q": "Long story"}
    assert parse({"answer_q": ""}, ask("text")).answers == {}


def test_faults_of_questions() -> None:
    both = {"choices": ("x", "y")}
    assert [f.code for f in faults({"answer_q": ["x", "x"]}, ask("ranking", **both))] == ["repeated"]
    assert [f.code for f in faults({"answer_q": "z"}, ask("multiple", **both))] == ["unknown_choice"]
    assert [f.code for f in faults({"answer_q": "11"}, ask("scale", low=0, high=10))] == ["out_of_range"]
    assert [f.code for f in faults({"answer_q": "x" * 2_001}, ask("text"))] == ["too_long"]
    assert [f.code for f in faults({}, ask("single", is_required=True, **both))] == ["required"]


anything = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(),
    st.lists(st.text(), max_size=3),
    st.sampled_from("abcd"),
)
names = st.sampled_from(
    ["choice_1", "choice_2", "choice_3", "choice_4", "other", "segment_role", "may_quote", "answer_x"]
)


@given(st.dictionaries(names, anything))
def test_whatever_arrives_is_a_valid_ballot_or_is_refused_by_name(raw: dict[str, Any]) -> None:
    try:
        ballot = parse(raw, TOP3)
    except Refused as refused:
        told = {fault.field for fault in refused.faults}
        if not told or not told <= {*raw, "choice_1", "other"}:
            raise
        return
    assert 1 <= len(ballot.choices) <= 3
    assert len(set(ballot.choices)) == len(ballot.choices)
    assert set(ballot.choices) <= {0, 1, 2, 3, 4}
    assert (0 not in ballot.choices) or ballot.other_text
    ballot.other_text.encode()
