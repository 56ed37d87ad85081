"""The catalogues hold every text of the interface, no other, and say in each language what the source says."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

import pytest
from babel.messages.catalog import Catalog, Message
from django.conf import settings

from csplatform.core import messages

Key = tuple[str, str | None]
_PLACE = re.compile(r"%\(\w+\)[a-z]|%%")
_TAG = re.compile(r"<[^>]+>")

in_each_language = pytest.mark.parametrize("language", messages.TRANSLATED)


@cache
def kept(language: str) -> Catalog:
    return messages.catalogue(language)


@cache
def used() -> Catalog:
    return messages.collect()


def keys(catalogue: Catalog) -> set[Key]:
    return {(forms(message.id)[0], message.context) for message in catalogue if message.id}


def forms(text: str | Iterable[str] | None) -> list[str]:
    """A text, or its singular and plural."""
    return [text] if isinstance(text, str) else list(text or ())


def translated(language: str) -> list[Message]:
    return [message for message in kept(language) if message.id]


def told(message: Message) -> str:
    return f"{forms(message.id)[0]!r} → {message.string!r}"


def test_every_language_people_can_choose_has_a_catalogue() -> None:
    assert {code for code, _ in settings.LANGUAGES} == {"en", *messages.TRANSLATED}


def test_texts_are_found_in_code_and_in_templates_with_their_plural_and_their_context() -> None:
    found = {(str(message.id), message.context) for message in used() if message.id}
    assert ("Skip to content", None) in found  # a template
    assert ("Executive sponsor", None) in found  # gettext_lazy in a model
    assert (str(("%(n)s customer", "%(n)s customers")), None) in found  # a template's plural
    assert ("Healthy", "health band") in found  # pgettext
    assert ("May", "permission") in found  # a template's context; without it Django's month would be translated


@in_each_language
def test_a_catalogue_holds_what_the_sources_use_and_nothing_else(language: str) -> None:
    """Run `make messages`, then give the new texts their words."""
    wanted, there = keys(used()), keys(kept(language))
    assert {"missing": wanted - there, "used no more": there - wanted} == {"missing": set(), "used no more": set()}


@in_each_language
def test_every_text_has_words_that_somebody_stands_by(language: str) -> None:
    open_ones = [told(m) for m in translated(language) if m.fuzzy or not messages.is_translated(m.string)]
    assert open_ones == []


@in_each_language
def test_every_plural_form_of_the_language_is_there(language: str) -> None:
    catalogue = kept(language)
    wrong = [
        told(message)
        for message in translated(language)
        if len(forms(message.string)) != (catalogue.num_plurals if message.pluralizable else 1)
    ]
    assert wrong == []


@in_each_language
def test_places_and_tags_are_those_of_the_source(language: str) -> None:
    """A place less hides a figure, one more is an error on the page; tags are taken as they stand."""
    wrong = [
        told(message)
        for message in translated(language)
        for source, text in zip(_beside(message), forms(message.string), strict=True)
        if sorted(_PLACE.findall(source)) != sorted(_PLACE.findall(text)) or _TAG.findall(source) != _TAG.findall(text)
    ]
    assert wrong == []


@in_each_language
def test_spaces_at_the_ends_and_line_ends_are_kept(language: str) -> None:
    wrong = [
        told(message)
        for message in translated(language)
        for source, text in zip(_beside(message), forms(message.string), strict=True)
        if _edges(source) != _edges(text)
    ]
    assert wrong == []


def _beside(message: Message) -> list[str]:
    """The source text for each plural form: the singular for the first, the plural for every other."""
    source = forms(message.id)
    return source[:1] + source[-1:] * (len(forms(message.string)) - 1)


def _edges(text: str) -> tuple[str, str, int]:
    return text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :], text.count("\n")
