"""The form's page from memory: rendered once a version, language and channel; per reader the order and the token.

Looked up at most once a second and process, so an edit or a closing shows within a second; whether an answer is taken
is decided by the database alone, when it comes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import Lock
from uuid import UUID

from django.db import connection

from csplatform.core.tenancy import workspace_scope
from surveys.models import Survey
from surveys.selectors.public import Asked, asked_by, find_public, stamp

CUT, TOKEN = "\x01", "\x02"
"""Marks in a rendered page, which no text can hold: where options begin and end, and where the token goes."""
_CHECK_SECONDS = 1.0
_KEEP = 256


@dataclass(frozen=True, slots=True)
class Skeleton:
    """A page cut up: ``head`` before the token, ``neck`` behind it, then ``lists`` of options by number, each with what
    stands behind it.
    """

    head: str
    neck: str
    lists: tuple[tuple[dict[int, str], str], ...]

    @classmethod
    def cut(cls, page: str, numbers: Sequence[int]) -> Skeleton:
        """Cut a page that was rendered with marks, its options in the order of ``numbers``."""
        head, _, rest = page.partition(TOKEN)
        parts = rest.split(CUT)
        step = len(numbers) + 1
        lists = tuple(
            (dict(zip(numbers, parts[at : at + len(numbers)], strict=True)), parts[at + len(numbers)])
            for at in range(1, len(parts), step)
        )
        return cls(head, parts[0], lists)

    def filled(self, token: str, order: Sequence[int]) -> str:
        """The page of one reader."""
        found = [self.head, token, self.neck]
        for pieces, behind in self.lists:
            found.extend(pieces[number] for number in order)
            found.append(behind)
        return "".join(found)


@dataclass(slots=True)
class Known:
    """A survey as it was less than a second ago, with the pages made of it by language and channel."""

    workspace_id: UUID
    survey: Survey
    asked: Asked
    checked: float
    pages: dict[tuple[str, str], Skeleton] = field(default_factory=dict)

    def page(self, language: str, channel: str, make: Callable[[], str]) -> Skeleton:
        """The page in ``language``; made by ``make`` the first time."""
        found = self.pages.get((language, channel))
        if found is None:
            found = Skeleton.cut(make(), [option.number for option in self.asked.offered])
            self.pages[(language, channel)] = found
        return found

    def present(self) -> Survey | None:
        """The survey as it is now, read inside its workspace's scope; None where it is gone."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT id, version, updated_at FROM surveys_survey WHERE id = %s", [self.survey.pk])
            now = cursor.fetchone()
        if now == stamp(self.survey):
            return self.survey
        return Survey.objects.filter(pk=self.survey.pk).first() if now else None


_known: dict[str, Known] = {}
_lock = Lock()


def known(slug: str) -> Known | None:
    """The survey at ``slug``; None where there is none."""
    found = _known.get(slug)
    now = time.monotonic()
    if found is not None and now - found.checked < _CHECK_SECONDS:
        return found
    place = find_public(slug)
    if place is None:
        _known.pop(slug, None)
        return None
    with workspace_scope(place[0]):
        survey = Survey.objects.get(pk=place[1])
        if found is not None and stamp(found.survey) == stamp(survey):
            found.checked = now
            return found
        fresh = Known(place[0], survey, asked_by(survey), now)
    with _lock:
        if len(_known) >= _KEEP:
            _known.clear()
        _known[slug] = fresh
    return fresh


def forget(slug: str | None = None) -> None:
    """Drop what is kept in memory of the survey at ``slug``, or of all."""
    with _lock:
        if slug is None:
            _known.clear()
        else:
            _known.pop(slug, None)
