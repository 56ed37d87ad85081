"""What became of a scorecard: its versions, two of them beside each other, and who changed for whom it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import SavedSegment
from accounts.selectors.audit import trail
from health.card_words import differences
from health.models import Scorecard, ScorecardVersion
from journeys.models import Macro

MOST_LINES = 50


@dataclass(frozen=True, slots=True)
class Step:
    """A version and what it says otherwise than the one before."""

    version: ScorecardVersion
    changes: list[str]


@dataclass(frozen=True, slots=True)
class Beside:
    """Two versions: what ``last`` says otherwise than ``first``, and those that led from one to the other."""

    first: int
    last: int
    changes: list[str]
    between: list[ScorecardVersion]


@dataclass(frozen=True, slots=True)
class RuleChange:
    """What somebody changed of a scorecard without a new version: its name, for whom it is, its place."""

    at: datetime
    who: str
    changes: list[str]


def steps(versions: Sequence[ScorecardVersion]) -> list[Step]:
    """``versions`` (the newest first), each with what it changed."""
    pairs = pairwise([*versions, None])
    return [
        Step(each, differences(before.content, each.content) if before and each else [])
        for each, before in pairs
        if each
    ]


def beside(versions: Sequence[ScorecardVersion], first: str, last: str) -> Beside | None:
    """The two versions of these numbers, the older first; None unless both are there and differ."""
    found = sorted((each for each in versions if str(each.version) in (first, last)), key=lambda each: each.version)
    if len(found) != 2:
        return None
    old, new = found
    between = [each for each in versions if old.version < each.version <= new.version]
    return Beside(old.version, new.version, differences(old.content, new.content), between[::-1])


def rule_changes(card: Scorecard) -> list[RuleChange]:
    """The newest ``MOST_LINES``, the newest first."""
    lines = list(trail(object_id=str(card.pk)).filter(action="scorecard.changed")[:MOST_LINES])
    if not lines:
        return []
    segments = {str(pk): name for pk, name in SavedSegment.objects.values_list("pk", "name")}
    return [RuleChange(line.at, line.actor_label, _words(line.data, segments)) for line in lines]


def _words(data: Mapping[str, Any], segments: Mapping[str, str]) -> list[str]:
    said = []
    # The name of then stands under the same key as a change of it: text where nothing changed.
    told = {name: part for name, part in data.items() if isinstance(part, Mapping)}
    if "name" in told:
        said.append(_("Renamed from “%(from)s” to “%(to)s”.") % told["name"])
    if "macros" in told:
        stages = {end: _stages(macros) for end, macros in told["macros"].items()}
        said.append(_("For customers at: %(to)s. Before: %(from)s.") % stages)
    if "segment_id" in told:
        names = {end: _segment(key, segments) for end, key in told["segment_id"].items()}
        said.append(_("For the segment: %(to)s. Before: %(from)s.") % names)
    if "position" in told:
        said.append(_("Place %(to)s in the order instead of %(from)s.") % told["position"])
    if "retired_at" in told:
        said.append(_("Retired.") if told["retired_at"]["to"] else _("Taken back into use."))
    return said


def _stages(macros: Sequence[str]) -> str:
    return ", ".join(str(Macro(each).label) for each in macros if each in Macro.values) or _("any stage")


def _segment(key: str | None, segments: Mapping[str, str]) -> str:
    return _("everybody") if not key else segments.get(key, _("one that was deleted"))
