"""Which customers an address asks for: a saved segment, a filter document, short parameters, or all of them at once."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Q
from django.http import QueryDict
from django.utils.translation import gettext as _

from accounts import segments
from accounts.models import Membership, SavedSegment
from accounts.segments import Catalogue, Filter, short
from accounts.selectors import customers as selectors
from accounts.views.customers.address import FILTER, SEGMENT, SORT
from csplatform.core.ids import parse_uuid


@dataclass(slots=True)
class Asked:
    """What an address asks for. ``mistakes``: what could not be read, and what became of it."""

    reader: Membership
    catalogue: Catalogue
    now: datetime
    text: str = ""
    filter: Filter = segments.EVERYBODY
    segment: SavedSegment | None = None
    mistakes: list[str] = field(default_factory=list)

    @property
    def whole(self) -> Filter:
        """The filter together with the text searched for."""
        return self.filter & segments.where("search", "like", self.text) if self.text else self.filter

    @property
    def frozen(self) -> Filter:
        """The whole filter with "me" read as its reader: for work that others do later."""
        return segments.for_reader(self.whole, self.reader.pk)

    def sort(self, query: QueryDict) -> str:
        """How the list is ordered: as the address says, else as the segment was kept."""
        return query.get(SORT) or (self.segment.sort if self.segment else "") or selectors.DEFAULT_SORT

    def wanted(self) -> Q:
        """The customers asked for."""
        return segments.condition(self.frozen, now=self.now, catalogue=self.catalogue)


def read(query: QueryDict, *, membership: Membership, now: datetime) -> Asked:
    """What ``query`` asks for. A short parameter that cannot be read is left out and named; a filter or segment that
    cannot be answered shows nobody, and why."""
    asked = Asked(membership, Catalogue(membership.workspace.currency), now)
    _read_short(query, asked)
    if told := query.get(SEGMENT):
        _read_segment(told, asked)
    if told := query.get(FILTER):
        _read_document(told, asked)
    return asked


def _read_short(query: QueryDict, asked: Asked) -> None:
    told = any(name.startswith(short.ATTRIBUTE) for name in query)
    keys = [definition.key for definition in selectors.attribute_definitions()] if told else []
    for name, said in short.conditions(dict(query.lists()), keys):
        try:
            found = segments.parse(said, asked.catalogue)
        except segments.SegmentError as error:
            reasons = " ".join(message for _path, message in error.problems)
            asked.mistakes.append(_("%(reason)s This condition was left out.") % {"reason": reasons})
            continue
        if name == short.SEARCH:
            asked.text = str(said["value"])
        else:
            asked.filter = asked.filter & found


def _read_segment(told: str, asked: Asked) -> None:
    identity = parse_uuid(told)
    asked.segment = selectors.visible_segments(asked.reader).filter(pk=identity).first() if identity else None
    if asked.segment is None:
        _refuse(asked, _("There is no such segment (any more), so nobody is shown."))
        return
    found = segments.stored(asked.segment.definition)
    asked.filter = asked.filter & found
    for _path, message in segments.problems(segments.for_reader(found, asked.reader.pk), asked.catalogue):
        asked.mistakes.append(_("%(reason)s Until then the segment holds nobody.") % {"reason": message})


def _read_document(told: str, asked: Asked) -> None:
    try:
        asked.filter = asked.filter & segments.parse(json.loads(told), asked.catalogue)
    except (json.JSONDecodeError, RecursionError):
        _refuse(asked, _("The filter in the address is damaged, so nobody is shown. Build it again."))
    except segments.SegmentError as error:
        reasons = " ".join(message for _path, message in error.problems)
        _refuse(asked, _("%(reason)s Until then nobody is shown.") % {"reason": reasons})


def _refuse(asked: Asked, why: str) -> None:
    asked.mistakes.append(why)
    asked.filter = asked.filter & segments.NOBODY
