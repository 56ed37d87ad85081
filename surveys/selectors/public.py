"""Reads for public pages: which survey an address belongs to, what it asks, and the editions anybody may see."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Any
from uuid import UUID

from surveys import ballots, links
from surveys.models import Option, PublicSlug, Question, State, Survey, SurveyInvitation, pick

_KEEP = 64


def find_public(slug: str) -> tuple[UUID, UUID] | None:
    """The workspace and the survey that a public address belongs to; read outside any workspace."""
    return PublicSlug.objects.filter(slug=slug).values_list("workspace_id", "survey_id").first()


@dataclass(frozen=True, slots=True)
class Asked:
    """A survey's options (by number, those taken back included) and questions in order, with the rules they make."""

    options: dict[int, Option]
    questions: tuple[Question, ...]
    definition: ballots.Definition

    @property
    def offered(self) -> list[Option]:
        """The options one may choose now, by number."""
        return [option for option in self.options.values() if option.retired_at is None]


_asked: OrderedDict[tuple[Any, ...], Asked] = OrderedDict()
_lock = Lock()


def stamp(survey: Survey) -> tuple[UUID, int, datetime]:
    """What changes with every edit of the survey, its options or its questions: the key of what is kept in memory."""
    return survey.pk, survey.version, survey.updated_at


def asked_by(survey: Survey) -> Asked:
    """What ``survey`` asks, kept in memory until its version changes."""
    key = stamp(survey)
    with _lock:
        if found := _asked.get(key):
            _asked.move_to_end(key)
            return found
    loaded = _load(survey)
    with _lock:
        _asked[key] = loaded
        while len(_asked) > _KEEP:
            _asked.popitem(last=False)
    return loaded


@dataclass(frozen=True, slots=True)
class Edition:
    """A line of the public list: a survey that is open, or whose results are published."""

    slug: str
    titles: dict[str, str]
    languages: list[str]
    wave: str
    hosts: list[dict[str, str]]
    is_open: bool
    closes_at: datetime | None
    published_at: datetime | None

    def title(self, language: str) -> str:
        return pick(self.titles, language, self.languages) or self.slug


def editions(now: datetime, *, limit: int = 200) -> list[Edition]:
    """Listed editions of all workspaces, those that can be answered first, then the newest results."""
    listed = PublicSlug.objects.filter(listing__isnull=False).values_list("slug", "listing")
    found = [_edition(slug, listing or {}) for slug, listing in listed]
    shown = [each for each in found if not (each.is_open and each.closes_at and each.closes_at <= now)]
    shown.sort(key=lambda each: (not each.is_open, -(each.published_at or now).timestamp(), each.slug))
    return shown[:limit]


def _edition(slug: str, listing: dict[str, Any]) -> Edition:
    def moment(name: str) -> datetime | None:
        return datetime.fromisoformat(listing[name]) if listing[name] else None

    return Edition(
        slug=slug,
        titles=listing["title"],
        languages=listing["languages"],
        wave=listing["wave"],
        hosts=listing["hosts"],
        is_open=listing["state"] == State.OPEN,
        closes_at=moment("closes_at"),
        published_at=moment("published_at"),
    )


def invitation_of(survey: Survey, token: str) -> SurveyInvitation | None:
    """The invitation whose mailed link holds ``token``."""
    return SurveyInvitation.objects.filter(survey=survey, token_hash=links.hash_of(token)).first()


def _load(survey: Survey) -> Asked:
    options = {option.number: option for option in Option.objects.filter(survey=survey).order_by("number")}
    questions = tuple(Question.objects.filter(survey=survey).order_by("position"))
    definition = ballots.Definition(
        kind=survey.kind,
        options={o.key: ballots.OptionRule(o.number, o.retired_at is None) for o in options.values()},
        allow_other=survey.allow_other,
        questions=tuple(_rule(question) for question in questions),
    )
    return Asked(options, questions, definition)


def _rule(question: Question) -> ballots.QuestionRule:
    return ballots.QuestionRule(
        key=question.key,
        kind=question.kind,
        choices=tuple(str(choice["key"]) for choice in question.choices),
        low=int(question.scale.get("min", 1)),
        high=int(question.scale.get("max", 5)),
        is_segment=question.is_segment,
        is_required=question.is_required,
    )
