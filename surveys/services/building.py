"""Making surveys: what is asked, in which languages, with which options."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from csplatform.core import audit
from csplatform.core.tenancy import current_workspace_id
from surveys import starters
from surveys.models import Kind, Option, PublicSlug, Question, QuestionKind, Survey

LANGUAGES = ("en", "fr", "de")
RESERVED_SLUGS = frozenset({"other", "index", "embed", "static"})
MAX_OPTIONS = 60


def create_survey(
    *,
    kind: str,
    slug: str,
    title: Mapping[str, str],
    actor: audit.Actor,
    now: datetime,
    options: Sequence[Mapping[str, Any]] = (),
    questions: Sequence[Mapping[str, Any]] = (),
    **settings: Any,
) -> Survey:
    """A draft. ``options``: ``{"key", "label", "help"?}``; ``questions``: as the columns of ``Question``, in order.

    Languages are those of the title unless ``languages`` says otherwise; the question is the title where none is
    given. Raises ``ValidationError`` by field: slug taken, unknown kind, an option named twice …
    """
    languages = settings.pop("languages", None) or [language for language in LANGUAGES if title.get(language)]
    survey = Survey(
        workspace_id=current_workspace_id(),
        kind=kind,
        slug=slug,
        title=dict(title),
        languages=list(languages),
        created_at=now,
        updated_at=now,
        **{"question": dict(title), **settings},
    )
    check(survey)
    try:
        with transaction.atomic():
            survey.save()
            PublicSlug.objects.create(slug=slug, workspace_id=survey.workspace_id, survey_id=survey.pk)
    except IntegrityError:
        raise ValidationError({"slug": _("Another survey has this address; choose another.")}) from None
    add_options(survey, options)
    add_questions(survey, questions)
    audit.record(actor=actor, action="survey.created", subject=survey, data={"slug": slug, "kind": kind}, now=now)
    return survey


def create_from_starter(*, slug: str, actor: audit.Actor, now: datetime, **settings: Any) -> Survey:
    """A top-3 survey with the starter list of challenges and the usual questions about who answers."""
    starter = starters.top3()
    texts = {**starter["text"], **settings}
    return create_survey(
        kind=Kind.TOP3,
        slug=slug,
        actor=actor,
        now=now,
        options=starter["option"],
        questions=[{**question, "is_segment": True} for question in starter["question"]],
        **texts,
    )


def check(survey: Survey) -> None:
    """Raise ``ValidationError`` by field unless the survey's own columns make sense."""
    survey.full_clean(exclude=["workspace"], validate_unique=False, validate_constraints=False)
    faults: dict[str, str] = {}
    if survey.slug in RESERVED_SLUGS:
        faults["slug"] = _("This address is taken by the product; choose another.")
    if not survey.languages or set(survey.languages) - set(LANGUAGES):
        faults["languages"] = _("Choose at least one of: %(languages)s") % {"languages": ", ".join(LANGUAGES)}
    elif not any(survey.title.values()):
        faults["title"] = _("Give the survey a title.")
    for field in ("title", "intro", "question", "thanks", "purpose"):
        texts = getattr(survey, field)
        if not is_text(texts):
            faults[field] = _("Expected texts by language, each at most 2,000 characters.")
    times = [moment for moment in (survey.opens_at, survey.closes_at, survey.publishes_at) if moment is not None]
    if times != sorted(times):
        faults["closes_at"] = _("Opening, closing and publishing must follow one another.")
    if faults:
        raise ValidationError(dict(faults))


def is_text(texts: Any) -> bool:
    """Whether ``texts`` is a text per language we offer, none too long or holding NUL."""
    return isinstance(texts, dict) and all(
        language in LANGUAGES and isinstance(text, str) and len(text) <= 2_000 and "\0" not in text
        for language, text in texts.items()
    )


def add_options(survey: Survey, options: Iterable[Mapping[str, Any]]) -> None:
    """Append ``options`` with the next free numbers. Raises ``ValidationError`` naming the option at fault."""
    taken = dict(survey.options.values_list("key", "number"))
    number = max(taken.values(), default=0)
    rows = []
    for option in options:
        number += 1
        row = Option(
            workspace_id=survey.workspace_id,
            survey=survey,
            number=number,
            key=str(option.get("key", "")),
            label=option.get("label", {}),
            help=option.get("help") or {},
            retired_at=survey.updated_at if option.get("is_retired") else None,
        )
        _check_key(row.key, taken, "options")
        check_option(row.key, row.label, row.help)
        taken[row.key] = number
        rows.append(row)
    if number > MAX_OPTIONS:
        raise ValidationError({"options": _("At most %(n)d options.") % {"n": MAX_OPTIONS}})
    Option.objects.bulk_create(rows)


def check_option(key: str, label: Any, words: Any) -> None:
    """Raise ``ValidationError`` naming the option unless it has a label and its texts are texts by language."""
    if not is_text(label) or not any(label.values()) or not is_text(words):
        raise ValidationError({"options": _("Option %(key)s needs a label by language.") % {"key": key}})


def _check_key(key: str, taken: Mapping[str, Any], field: str) -> None:
    if key in taken:
        raise ValidationError({field: _("%(key)s is named twice.") % {"key": key}})
    if not key or len(key) > 60 or not key.replace("-", "").replace("_", "").isalnum() or not key.isascii():
        raise ValidationError(
            {field: _("A key has letters, digits, - and _ only, at most 60: %(key)s") % {"key": key[:60]}}
        )
    if key == "other" and field == "options":
        raise ValidationError({field: _("“other” is the choice in one's own words; choose another key.")})


def add_questions(survey: Survey, questions: Iterable[Mapping[str, Any]]) -> None:
    """Append ``questions`` in order. Raises ``ValidationError`` naming the question at fault."""
    taken: dict[str, Any] = {}
    rows = []
    for position, question in enumerate(questions):
        row = Question(workspace_id=survey.workspace_id, survey=survey, **{**question, "position": position})
        _check_key(row.key, taken, "questions")
        try:
            row.full_clean(exclude=["survey", "workspace", "help", "choices", "scale"], validate_unique=False)
        except ValidationError as error:
            raise ValidationError({"questions": error.messages}) from None
        _check_question(row)
        taken[row.key] = position
        rows.append(row)
    Question.objects.bulk_create(rows)


def _check_question(row: Question) -> None:
    """What the columns' types do not tell. A draft may lack choices and words; opening asks for them."""
    fault = ""
    if not is_text(row.label) or not is_text(row.help):
        fault = _("texts by language are expected, each at most 2,000 characters")
    elif row.is_segment and row.kind != QuestionKind.SINGLE:
        fault = _("only “one of several” divides the respondents into groups")
    elif row.kind == QuestionKind.SCALE and not _is_scale(row.scale):
        fault = _("a scale runs from a lower to a higher whole number between 0 and 10")
    if fault:
        raise ValidationError({"questions": f"{row.key}: {fault}."})
    known: dict[str, Any] = {}
    for choice in row.choices:
        _check_key(str(choice.get("key", "")), known, "questions")
        if not is_text(choice.get("label", {})):
            raise ValidationError({"questions": _("Choice %(key)s needs a label by language.") % choice})
        known[choice["key"]] = True


def _is_scale(scale: Mapping[str, Any]) -> bool:
    """Whether the ends are whole numbers from 0 to 10, in order; 1 to 5 where none are given."""
    low, high = scale.get("min", 1), scale.get("max", 5)
    return isinstance(low, int) and isinstance(high, int) and 0 <= low < high <= 10
