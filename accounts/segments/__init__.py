"""The one language in which customers are chosen: lists, exports, bulk changes, surveys, playbooks, shocks.

``parse`` reads a document and refuses what it cannot answer; ``stored`` reads one that was kept, and lets it match
nobody, saying why, where its fields are gone. Everything runs inside the workspace's scope. Docs:
``docs/decisions/0018-one-filter-language.md``.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Q

from accounts.segments import catalogue as binding
from accounts.segments import kinds, language, words
from accounts.segments.catalogue import Catalogue, for_reader
from accounts.segments.fields import Field, Relation, Source, Terms, register
from accounts.segments.kinds import Kind
from accounts.segments.language import Fault, Filter, all_of, top_parts, where
from accounts.segments.words import explain, explain_parts, operator_words

__all__ = [
    "EVERYBODY",
    "NOBODY",
    "Catalogue",
    "Field",
    "Filter",
    "Kind",
    "Relation",
    "SegmentError",
    "Source",
    "Terms",
    "all_of",
    "condition",
    "explain",
    "explain_parts",
    "for_reader",
    "kinds",
    "operator_words",
    "parse",
    "problems",
    "register",
    "stored",
    "top_parts",
    "where",
]

EVERYBODY = Filter()
NOBODY = Filter(faults=(Fault("", language.UNREADABLE),))


class SegmentError(ValueError):
    """A filter that cannot be used. ``problems``: where, and what is wrong and what to do, in words."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.problems = told(faults)
        super().__init__(" ".join(f"{path}: {message}" if path else message for path, message in self.problems))


def told(faults: Sequence[Fault]) -> list[tuple[str, str]]:
    """Faults as (path, message)."""
    return [(fault.path, words.message(fault)) for fault in faults]


def parse(data: object, catalogue: Catalogue | None = None) -> Filter:
    """The filter a document says, in canonical form; raises ``SegmentError`` where anything is wrong with it."""
    found = stored(data)
    if not found.faults:
        found = binding.bound(found, catalogue or Catalogue())
    if found.faults:
        raise SegmentError(found.faults)
    return Filter(language.flat(found.root))


def stored(data: object) -> Filter:
    """A filter that was kept. It may have outlived its fields: ``problems`` tells, and ``condition`` is nobody's."""
    return language.read(data)


def condition(filter: Filter, *, now: datetime, catalogue: Catalogue | None = None) -> Q:
    """The filter for ``Customer.objects.filter``; matches nobody where any part of it cannot be answered."""
    return binding.compiled(filter, now, catalogue or Catalogue())


def problems(filter: Filter, catalogue: Catalogue | None = None) -> list[tuple[str, str]]:
    """Why a filter matches nobody: (path, message); empty when it can be answered."""
    return told(binding.faults_of(filter, catalogue or Catalogue()))
