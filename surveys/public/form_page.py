"""The page with the form: the order of its options, what it shows again after a fault, and its parts per question."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils import translation
from django.utils.translation import get_language

from surveys import ballots
from surveys.models import Checks, Kind, Question, Survey, pick
from surveys.public.pages import language_of, page
from surveys.public.skeletons import CUT, TOKEN, Known
from surveys.public.tokens import FormToken
from surveys.selectors.public import Asked

_random = secrets.SystemRandom()
_LISTED = frozenset({"multiple", "ranking"})


def random_order(asked: Asked) -> list[int]:
    """The options' numbers as one respondent will see them; each order equally likely."""
    numbers = [option.number for option in asked.offered]
    _random.shuffle(numbers)
    return numbers


def form_page(
    request: HttpRequest,
    survey: Survey,
    asked: Asked,
    token: FormToken,
    *,
    raw: Mapping[str, Any] | None = None,
    errors: Mapping[str, Sequence[str]] | None = None,
    note: str = "",
    status: int = 200,
    marks: tuple[str, str] | None = None,
    **context: Any,
) -> HttpResponse:
    """The form. ``raw``: what was typed and is shown again; ``errors`` by field; ``note``: what concerns all of it.

    ``marks``: render a page to be cut up instead of one for a reader.
    """
    language = get_language() or survey.languages[0]
    if survey.checks == Checks.STANDARD:
        context["proof_url"] = f"/s/{survey.slug}/proof/"
    raw, errors = raw or {}, errors or {}
    options = _options(asked, token.order, survey, language)
    places = [
        {"name": f"choice_{n}", "n": n, "value": raw.get(f"choice_{n}", ""), "errors": errors.get(f"choice_{n}", ())}
        for n in range(1, ballots.PLACES + 1)
    ]
    questions = [_question(question, survey, language, raw, errors) for question in asked.questions]
    return page(
        request,
        "surveys/public/answer.html",
        survey,
        status=status,
        token=marks[1] if marks else token.signed(),
        cut=marks[0] if marks else "",
        options=options,
        places=places if survey.kind == Kind.TOP3 else [],
        score=_score(survey, raw, errors),
        questions=questions,
        other={"value": raw.get("other", ""), "errors": errors.get("other", ()), "limit": ballots.OTHER_LIMIT},
        may_quote=bool(raw.get("may_quote")),
        other_faults=_strays(errors, questions),
        has_faults=bool(errors),
        email=_email(raw, errors) if survey.confirm_by_email and not context.get("changing") else None,
        note=note,
        **context,
    )


def quick_page(request: HttpRequest, known: Known, now: datetime, channel: str) -> HttpResponse:
    """The form for somebody who has typed nothing yet, from memory."""
    language = language_of(request, known.survey.languages)
    with translation.override(language):
        skeleton = known.page(language, channel, lambda: _marked(request, known))
    order = random_order(known.asked)
    token = FormToken.fresh(known.survey.pk, order, now)
    return HttpResponse(skeleton.filled(token.signed(), order), headers={"Content-Language": language})


def _marked(request: HttpRequest, known: Known) -> str:
    """The page with its marks, options by number."""
    numbers = tuple(option.number for option in known.asked.offered)
    nobody = FormToken(known.survey.pk, 0, "", numbers)
    made = form_page(request, known.survey, known.asked, nobody, marks=(CUT, TOKEN))
    return made.content.decode()


def _options(asked: Asked, order: Sequence[int], survey: Survey, language: str) -> list[dict[str, Any]]:
    """The options still offered in the order of the token; one offered since then comes last."""
    offered = {option.number: option for option in asked.offered}
    numbers = [number for number in order if number in offered]
    numbers += [number for number in offered if number not in numbers]
    return [
        {
            "key": offered[number].key,
            "label": pick(offered[number].label, language, survey.languages),
            "help": pick(offered[number].help, language, survey.languages),
        }
        for number in numbers
    ]


def _score(survey: Survey, raw: Mapping[str, Any], errors: Mapping[str, Sequence[str]]) -> dict[str, Any] | None:
    ends = ballots.SCORES.get(survey.kind)
    if ends is None:
        return None
    value = str(raw.get("score", ""))
    return {
        "steps": [{"value": n, "chosen": str(n) == value} for n in range(ends[0], ends[1] + 1)],
        "errors": errors.get("score", ()),
    }


def _email(raw: Mapping[str, Any], errors: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    return {"value": str(raw.get("email", ""))[:254], "errors": errors.get("email", ())}


def _question(
    question: Question,
    survey: Survey,
    language: str,
    raw: Mapping[str, Any],
    errors: Mapping[str, Sequence[str]],
) -> dict[str, Any]:
    """A question as the template shows it, with what was answered before."""
    field = f"{'segment' if question.is_segment else 'answer'}_{question.key}"
    value = raw.get(field, "")
    values = [str(each) for each in value] if isinstance(value, list | tuple) else [str(value)]
    choices = [
        {
            "key": choice["key"],
            "label": pick(choice.get("label", {}), language, survey.languages),
            "chosen": choice["key"] in values,
        }
        for choice in question.choices
    ]
    return {
        "field": field,
        "kind": question.kind,
        "label": pick(question.label, language, survey.languages),
        "help": pick(question.help, language, survey.languages),
        "choices": choices,
        "places": [{"n": n, "value": values[n - 1] if n <= len(values) else ""} for n in range(1, len(choices) + 1)],
        "steps": _steps(question, values),
        "ends": [pick(question.scale.get(end) or {}, language, survey.languages) for end in ("min_label", "max_label")],
        "value": values[0],
        "is_required": question.is_required,
        "errors": errors.get(field, ()),
        "limit": ballots.TEXT_LIMIT,
    }


def _steps(question: Question, values: Sequence[str]) -> list[dict[str, Any]]:
    low, high = int(question.scale.get("min", 1)), int(question.scale.get("max", 5))
    return [{"value": n, "chosen": str(n) in values} for n in range(low, high + 1)] if question.kind == "scale" else []


def _strays(errors: Mapping[str, Sequence[str]], questions: Sequence[Mapping[str, Any]]) -> list[str]:
    """Faults of fields the form does not show: a fourth choice, a question that is gone."""
    shown = {"score", "other", "email", *(f"choice_{n}" for n in range(1, ballots.PLACES + 1))}
    shown |= {str(question["field"]) for question in questions}
    return [message for field, messages in errors.items() if field not in shown for message in messages]


def raw_answer(sent: QueryDict, asked: Asked) -> dict[str, Any]:
    """The answer's own fields of what was sent: lists where a question takes several choices, else the last value."""
    listed = {question.field for question in asked.definition.questions if question.kind in _LISTED}
    names = [name for name in sent if name.startswith(("choice_", "segment_", "answer_"))]
    names += [name for name in ("other", "may_quote", "score", "email") if name in sent]
    return {name: sent.getlist(name) if name in listed else sent[name] for name in names}
