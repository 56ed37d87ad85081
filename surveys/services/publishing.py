"""Publishing results: immutable versions, each made private before it is stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings

from csplatform.core import audit, outbox
from surveys.models import Kind, Option, Publication, Question, Removal, State, Survey
from surveys.results import document as documents
from surveys.results import releases, rows
from surveys.results.people import Person, token
from surveys.results.privacy import Basis
from surveys.selectors import counting, own_words
from surveys.services import asked_parts, lifecycle
from surveys.services.asked_parts import Parts
from surveys.stats.tally import RESAMPLES


def publish(*, survey_id: UUID, actor: audit.Actor, now: datetime) -> Publication:
    """The next version of the results, final and public from now on. Closes the survey first if it is open.

    A version after the first counts anew only once at least ten answers have changed; until then it takes over the
    earlier figures, and only texts, logs and corrections are new. Raises ``ValidationError`` for a draft;
    ``Survey.DoesNotExist``.
    """
    survey = lifecycle.locked(survey_id)
    if survey.state in (State.DRAFT, State.OPEN):
        survey = lifecycle.close_survey(survey_id=survey_id, actor=actor, now=now)
    publication = assemble(survey=survey, by_label=actor.label, now=now)
    publication.save()
    survey.state = State.PUBLISHED
    survey.published_at = survey.published_at or now
    survey.updated_at = now
    survey.version += 1
    survey.save(update_fields=["state", "published_at", "updated_at", "version"])
    told = {"number": publication.number, "digest": publication.digest}
    audit.record(actor=actor, action="survey.published", subject=survey, data=told, now=now)
    outbox.publish(
        workspace_id=survey.workspace_id,
        name="survey.published",
        payload={"survey_id": str(survey.pk), "number": publication.number},
        now=now,
    )
    return publication


def assemble(*, survey: Survey, by_label: str, now: datetime) -> Publication:
    """The next version, not stored: what publishing now would show."""
    earlier = list(Publication.objects.filter(survey=survey).order_by("number"))
    number = earlier[-1].number + 1 if earlier else 1
    found = (_ballots if survey.kind == Kind.TOP3 else asked_parts.parts)(
        survey, earlier, are_answers_kept=_are_answers_kept(survey, now)
    )
    document = {
        "schema": documents.SCHEMA,
        "survey": _survey_texts(survey),
        "version": {
            "number": number,
            "published_at": now.isoformat(),
            "counted_version": found.counted_version or number,
            "changes_wait": found.changes_wait,
        },
        "method": survey.method,
        "removals": _removals(survey),
        **found.document,
    }
    digest = documents.digest(document, found.rows)
    return Publication(
        workspace_id=survey.workspace_id,
        survey=survey,
        number=number,
        published_at=now,
        by_label=by_label[:200],
        results={**document, "digest": digest},
        rows=found.rows,
        digest=digest,
        basis=found.basis,
    )


def _ballots(survey: Survey, earlier: Sequence[Publication], *, are_answers_kept: bool) -> Parts:
    """What a version of a top-3 survey holds beside its texts."""
    questions = counting.segment_questions(survey)
    options = counting.options_of(survey)
    people = counting.people_of(survey, questions, include_removed=True)
    source = _source(survey, options, questions, list(people.values()))
    history = [_release(each) for each in earlier]
    basis = _basis(source.people)
    decision = releases.decide(source, basis, history, are_answers_kept=are_answers_kept)
    document = {
        "options": [{"key": each.key, "label": each.label, "help": each.help} for each in options],
        "questions": [{"key": each.key, "label": each.label, "choices": each.choices} for each in questions],
        "figures": decision.figures,
        "rows_question": decision.rows_question,
        "coding": own_words.ledger(survey),
        "own_words": _own_words(survey, decision, history),
        "quotes": _quotes(survey, decision, people, source),
    }
    return Parts(
        document=document,
        rows=_rows(survey, source, decision, earlier),
        basis={} if decision.counted_version else _basis_stored(basis),
        counted_version=decision.counted_version,
        changes_wait=decision.changes_wait,
    )


def _are_answers_kept(survey: Survey, now: datetime) -> bool:
    """Whether not even the first answer has reached the age at which answers are deleted."""
    return survey.opened_at is None or now < survey.opened_at + timedelta(days=survey.retention_days)


def _source(
    survey: Survey, options: Sequence[Option], questions: Sequence[Question], people: Sequence[Person]
) -> documents.Source:
    return documents.Source(
        people=[person for person in people if not person.is_removed],
        removed=[person for person in people if person.is_removed],
        options=[(option.number, option.key) for option in options],
        questions=[
            documents.Question(question.key, tuple(str(choice["key"]) for choice in question.choices))
            for question in questions
        ],
        labels={option.key: option.label for option in options},
        seed=survey.seed,
        earlier=_earlier_wave(survey),
        resamples=int(survey.method.get("resamples", RESAMPLES)),
    )


def _earlier_wave(survey: Survey) -> documents.Document | None:
    """The newest published document of the wave before this one, if it is a wave of a series."""
    if not survey.series:
        return None
    before = (
        Publication.objects.filter(
            survey__series=survey.series, survey__kind=survey.kind, survey__opened_at__lt=survey.opened_at
        )
        .order_by("-survey__opened_at", "-number")
        .first()
    )
    return before.results if before else None


def _survey_texts(survey: Survey) -> dict[str, Any]:
    return {
        "slug": survey.slug,
        "kind": survey.kind,
        "audience": survey.audience,
        "title": survey.title,
        "question": survey.question,
        "languages": survey.languages,
        "series": survey.series,
        "wave": survey.wave,
        "licence": survey.licence,
        "hosts": survey.hosts,
        "opened_on": survey.opened_at.date().isoformat() if survey.opened_at else "",
        "closed_on": survey.closed_at.date().isoformat() if survey.closed_at else "",
        "checks": survey.checks,
    }


def _removals(survey: Survey) -> list[dict[str, Any]]:
    lines = Removal.objects.filter(survey=survey).order_by("at", "id").values_list("at", "reason", "count")
    return [{"on": at.date().isoformat(), "reason": reason, "count": count} for at, reason, count in lines]


def _own_words(
    survey: Survey, decision: releases.Decision, history: Sequence[releases.Release]
) -> dict[str, Any] | None:
    """Themes with their numbers, which wait for a batch as all figures do."""
    if not decision.figures["is_enough"]:
        return None
    if decision.changes_wait:
        kept: dict[str, Any] | None = history[-1].document["own_words"]
        return kept
    return own_words.themes(survey)


def _quotes(
    survey: Survey, decision: releases.Decision, people: Mapping[UUID, Person], source: documents.Source
) -> list[dict[str, Any]]:
    if not decision.figures["is_enough"]:
        return []
    questions = [question.key for question in source.questions]
    return own_words.quotes(survey, people, questions, decision.figures["groups"])


def withdraw_quote(*, survey_id: UUID, response_id: UUID) -> None:
    """Take the quote of an answer, if there is one, out of every version: its author has erased it.

    The only thing in a version that ever changes; its hash leaves quotes out for that reason.
    """
    ref = own_words.quote_ref(response_id)
    found = Publication.objects.select_for_update(of=("self",)).filter(survey_id=survey_id)
    for publication in found.filter(results__quotes__contains=[{"ref": ref}]):
        kept = [quote for quote in publication.results["quotes"] if quote["ref"] != ref]
        publication.results = {**publication.results, "quotes": kept}
        publication.save(update_fields=["results"])


def _rows(survey: Survey, source: documents.Source, decision: releases.Decision, earlier: Sequence[Publication]) -> str:
    if not survey.publish_rows or not decision.figures["is_enough"]:
        return ""
    if decision.counted_version:
        return next(each.rows for each in earlier if each.number == decision.counted_version)
    return rows.data_csv(source.people, source.options, source.questions, decision.figures, decision.rows_question)


def _release(publication: Publication) -> releases.Release:
    people = {key: (told[0], tuple(told[1:])) for key, told in publication.basis.get("people", {}).items()}
    return releases.Release(publication.number, publication.results, Basis(people) if publication.basis else None)


def _basis(people: Sequence[Person]) -> Basis:
    secret = settings.SECRET_KEY.encode()
    return Basis(
        {
            person.token: (token(secret, "ballot", person.token, repr(person.choices)), person.groups)
            for person in people
        }
    )


def _basis_stored(basis: Basis) -> dict[str, Any]:
    return {"people": {key: [ballot, *groups] for key, (ballot, groups) in basis.people.items()}}
