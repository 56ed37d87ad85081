"""What a raw answer means against what a survey asks: parsing and its faults. The words for faults stand elsewhere.

A raw answer holds the public field names: ``choice_1`` to ``choice_3`` (option keys, or "other"), ``other`` (own
words), ``may_quote``, ``score``, and per question ``segment_KEY`` or ``answer_KEY``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as column
from typing import Any

OTHER_KEY = "other"
OTHER_NUMBER = 0
PLACES = 3
OTHER_LIMIT = 500
TEXT_LIMIT = 2_000
SCORES = {"nps": (0, 10), "csat": (1, 5), "ces": (1, 7)}
"""Kind → the ends of its scale, both possible."""
_CHOICE = re.compile(r"choice_([0-9]{1,3})")
_TRUE = frozenset({"1", "on", "true", "yes"})


@dataclass(frozen=True, slots=True)
class OptionRule:
    """``number`` is what ballots store; ``is_offered`` is false once hosts have taken the option back."""

    number: int
    is_offered: bool = True


@dataclass(frozen=True, slots=True)
class QuestionRule:
    """``choices``: keys one may choose, of questions with choices; ``low``/``high``: the ends of a scale."""

    key: str
    kind: str
    choices: tuple[str, ...] = ()
    low: int = 1
    high: int = 5
    is_segment: bool = False
    is_required: bool = False

    @property
    def field(self) -> str:
        """The name under which answers give it."""
        return f"{'segment' if self.is_segment else 'answer'}_{self.key}"


@dataclass(frozen=True, slots=True)
class Definition:
    """What is asked. ``options`` by key, those taken back included."""

    kind: str
    options: Mapping[str, OptionRule] = column(default_factory=dict)
    allow_other: bool = True
    questions: tuple[QuestionRule, ...] = ()


@dataclass(frozen=True, slots=True)
class Ballot:
    """A valid answer. ``choices``: option numbers, the biggest first, 0 for own words."""

    choices: tuple[int, ...] = ()
    other_text: str = ""
    may_quote: bool = False
    segments: Mapping[str, str] = column(default_factory=dict)
    answers: Mapping[str, Any] = column(default_factory=dict)
    score: int | None = None


@dataclass(frozen=True, slots=True)
class Fault:
    """``code`` names what is wrong with ``field``; ``params`` are what its sentence tells."""

    field: str
    code: str
    params: Mapping[str, Any] = column(default_factory=dict)


class Refused(Exception):  # noqa: N818  (an answer refused is what it is)
    """The answer has faults. ``kept``: the raw values that can stay, and texts as they were typed."""

    def __init__(self, faults: Sequence[Fault], kept: Mapping[str, Any]) -> None:
        super().__init__([fault.code for fault in faults])
        self.faults = list(faults)
        self.kept = dict(kept)


def parse(raw: Mapping[str, Any], definition: Definition, *, held: Iterable[int] = ()) -> Ballot:
    """The ballot that ``raw`` says, or ``Refused`` with every fault found.

    ``held``: option numbers of the answer being changed; those may stay although they are no longer offered. Blank
    places are closed up: the second of three choices becomes the first when the first is blank. Own words given
    without any choice are the choice; given beside choices that do not name "other", they are kept beside them.
    """
    faults: list[Fault] = []
    choices: tuple[int, ...] = ()
    words, score = "", None
    if definition.kind == "top3":
        words = _own_words(raw, definition, faults)
        choices = _choices(raw, definition, frozenset(held), bool(words), faults)
    elif definition.kind in SCORES:
        score = _score(raw.get("score"), SCORES[definition.kind], faults)
    segments, answers = _questions(raw, definition, faults)
    if faults:
        raise Refused(faults, _kept(raw, faults))
    return Ballot(choices, words, bool(words) and _is_true(raw.get("may_quote")), segments, answers, score)


def _is_true(value: Any) -> bool:
    return value is True or str(value).lower() in _TRUE


def _given(value: Any) -> bool:
    return value is not None and value not in ("", [])


def _kept(raw: Mapping[str, Any], faults: Sequence[Fault]) -> dict[str, Any]:
    lost = {fault.field for fault in faults if fault.code not in ("too_long", "no_words", "required")}
    return {name: value for name, value in raw.items() if name not in lost}


def _choices(
    raw: Mapping[str, Any], definition: Definition, held: frozenset[int], has_words: bool, faults: list[Fault]
) -> tuple[int, ...]:
    """Option numbers in order of place; own words alone make one choice."""
    chosen: dict[str, int] = {}
    numbers: list[int] = []
    before = len(faults)
    for place, value in _places(raw):
        name, key = f"choice_{place}", str(value)
        if place > PLACES or place < 1:
            faults.append(Fault(name, "too_many"))
        elif key in chosen:
            faults.append(Fault(name, "twice", {"key": key, "place": chosen[key]}))
        elif code := _choice_fault(key, definition, held):
            faults.append(Fault(name, code, {"key": key}))
        else:
            chosen[key] = place
            numbers.append(OTHER_NUMBER if key == OTHER_KEY else definition.options[key].number)
    if OTHER_KEY in chosen and not has_words and not any(fault.field == OTHER_KEY for fault in faults):
        faults.append(Fault(OTHER_KEY, "no_words"))
    if not numbers and has_words:
        return (OTHER_NUMBER,)
    if not numbers and len(faults) == before:
        faults.append(Fault("choice_1", "none"))
    return tuple(numbers)


def _places(raw: Mapping[str, Any]) -> list[tuple[int, Any]]:
    """The filled places in order, however many there are."""
    found = ((_CHOICE.fullmatch(name), value) for name, value in raw.items())
    return sorted((int(match[1]), value) for match, value in found if match and _given(value))


def _choice_fault(key: str, definition: Definition, held: frozenset[int]) -> str:
    if key == OTHER_KEY:
        return "" if definition.allow_other else "no_other"
    option = definition.options.get(key)
    if option is None:
        return "unknown"
    return "" if option.is_offered or option.number in held else "retired"


def _own_words(raw: Mapping[str, Any], definition: Definition, faults: list[Fault]) -> str:
    if not definition.allow_other and _given(raw.get(OTHER_KEY)):
        faults.append(Fault(OTHER_KEY, "no_other"))
        return ""
    return _text(OTHER_KEY, raw.get(OTHER_KEY), OTHER_LIMIT, faults)


def _text(name: str, value: Any, limit: int, faults: list[Fault]) -> str:
    """A text without blanks at its ends; faults where it is too long (in characters) or cannot be stored."""
    if not _given(value):
        return ""
    if not isinstance(value, str):
        faults.append(Fault(name, "not_text"))
        return ""
    text = value.replace("\r\n", "\n").strip()
    if "\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        faults.append(Fault(name, "unreadable"))
    elif len(text) > limit:
        faults.append(Fault(name, "too_long", {"length": len(text), "limit": limit}))
    return text


def _score(value: Any, ends: tuple[int, int], faults: list[Fault]) -> int | None:
    if not _given(value):
        faults.append(Fault("score", "none", {"low": ends[0], "high": ends[1]}))
        return None
    return _figure("score", value, ends, faults)


def _figure(name: str, value: Any, ends: tuple[int, int], faults: list[Fault]) -> int | None:
    text = str(value)
    if not isinstance(value, bool) and re.fullmatch(r"[0-9]{1,9}", text) and ends[0] <= int(text) <= ends[1]:
        return int(text)
    faults.append(Fault(name, "out_of_range", {"low": ends[0], "high": ends[1]}))
    return None


def _questions(
    raw: Mapping[str, Any], definition: Definition, faults: list[Fault]
) -> tuple[dict[str, str], dict[str, Any]]:
    """Answers to the further questions, the dividing ones (segments) and the others."""
    segments: dict[str, str] = {}
    answers: dict[str, Any] = {}
    known = {rule.field for rule in definition.questions}
    for name in raw:
        if name.startswith(("segment_", "answer_")) and name not in known:
            faults.append(Fault(name, "unknown_question"))
    for rule in definition.questions:
        before = len(faults)
        answer = _answer(rule, raw.get(rule.field), faults)
        if answer is None or len(faults) > before:
            if rule.is_required and len(faults) == before:
                faults.append(Fault(rule.field, "required"))
        elif rule.is_segment:
            segments[rule.key] = answer
        else:
            answers[rule.key] = answer
    return segments, answers


def _answer(rule: QuestionRule, value: Any, faults: list[Fault]) -> Any:
    """The stored form of one answer; None where nothing was said."""
    if rule.kind == "text":
        return _text(rule.field, value, TEXT_LIMIT, faults) or None
    if rule.kind in ("multiple", "ranking"):
        return _several(rule, value, faults)
    if isinstance(value, list | tuple):
        value = next((each for each in value if _given(each)), None)
    if not _given(value):
        return None
    if rule.kind == "scale":
        return _figure(rule.field, value, (rule.low, rule.high), faults)
    if str(value) not in rule.choices:
        faults.append(Fault(rule.field, "unknown_choice", {"key": str(value)}))
        return None
    return str(value)


def _several(rule: QuestionRule, value: Any, faults: list[Fault]) -> list[str] | None:
    values = value if isinstance(value, list | tuple) else [value]
    keys = [str(each) for each in values if _given(each)]
    for key in keys:
        if key not in rule.choices:
            faults.append(Fault(rule.field, "unknown_choice", {"key": key}))
            return None
    if len(set(keys)) < len(keys):
        faults.append(Fault(rule.field, "repeated"))
        return None
    if rule.kind == "multiple":
        keys.sort(key=rule.choices.index)
    return keys or None
