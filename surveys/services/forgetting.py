"""What of an answer goes with the customer or the person who gave it: the words; the figures stay, under no name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from accounts.models import Contact, Customer
from surveys.models import Question, QuestionKind, Response
from surveys.services import publishing


def forget_customer(customer: Customer, now: datetime) -> None:
    """Erase what the customer's people have written, before the keys between answers and customer let go.

    Choices, scores and groups stay, under no name, so that published and counted figures remain what they were.
    """
    _erase_words(Response.objects.filter(customer=customer))


def forget_people(external_ids: Sequence[str]) -> None:
    """The same for single contacts, whichever customer they answered for."""
    contacts = Contact.objects.filter(external_id__in=external_ids)
    _erase_words(Response.objects.filter(contact__in=contacts))


def count_for_deletion(customer_id: UUID) -> list[tuple[str, int]]:
    """What the preview of a deletion says of surveys."""
    answers = Response.objects.filter(customer_id=customer_id, is_test=False)
    return [(_("Survey answers: the words go, the figures stay without a name"), answers.count())]


def _erase_words(answers: Iterable[Response]) -> None:
    """Blank own words and free text, take quotes out of every published version, and drop the sender's hash.

    ``may_quote`` goes, too: there is nothing left to quote. What hosts had made of the words (an option, themes) stays
    as a count.
    """
    found = list(answers)
    texts = _text_keys({answer.survey_id for answer in found})
    for answer in found:
        if answer.may_quote:
            publishing.withdraw_quote(survey_id=answer.survey_id, response_id=answer.pk)
        answer.other_text, answer.may_quote, answer.sender_hash = "", False, ""
        answer.answers = _without(answer.answers, texts[answer.survey_id])
    Response.objects.bulk_update(found, ["other_text", "may_quote", "sender_hash", "answers"], batch_size=500)


def _text_keys(survey_ids: set[UUID]) -> defaultdict[UUID, set[str]]:
    """Per survey the questions that are answered in words."""
    keys: defaultdict[UUID, set[str]] = defaultdict(set)
    asked = Question.objects.filter(survey_id__in=survey_ids, kind=QuestionKind.TEXT)
    for survey_id, key in asked.values_list("survey_id", "key"):
        keys[survey_id].add(key)
    return keys


def _without(answers: dict[str, Any], keys: set[str]) -> dict[str, Any]:
    return {key: value for key, value in answers.items() if key not in keys}
