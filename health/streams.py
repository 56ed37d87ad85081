"""Streams: the event filters that measures use. The arrivals keep running state for each active one."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from health.measures import is_tallied
from health.models import ChurnModel, Measure, ScorecardVersion
from health.parsing import parse

ALL_EVENTS = "*"


@dataclass(frozen=True, slots=True)
class Stream:
    """Events whose name is in ``names`` (None: every event). ``key`` is the same for the same names everywhere."""

    key: str
    names: frozenset[str] | None

    def takes(self, name: str) -> bool:
        return self.names is None or name in self.names


EVERYTHING = Stream(ALL_EVENTS, None)


def stream_of(names: list[str] | None) -> Stream:
    """The stream of a measure's ``events`` list; empty or None means every event."""
    if not names:
        return EVERYTHING
    wanted = frozenset(names)
    digest = hashlib.blake2b("\0".join(sorted(wanted)).encode(), digest_size=10).hexdigest()
    return Stream(digest, wanted)


def stream_for(definition: Mapping[str, Any]) -> Stream | None:
    """The stream that must be counted for a definition; None when running tallies do not carry it."""
    if definition.get("source") != "events" or not is_tallied(parse(definition)):
        return None
    return stream_of(definition.get("events"))


def active_streams() -> list[Stream]:
    """The streams of the workspace's measures, of the scorecards and the churn model in force; every event first.

    The two differ between the change of a measure and the publication that takes it up.
    """
    streams = {EVERYTHING.key: EVERYTHING}
    newest = ScorecardVersion.objects.order_by("scorecard", "-version").distinct("scorecard")
    contents = newest.values_list("content", flat=True)
    in_force = [item["definition"] for content in contents for item in content["items"]]
    for definition in [*Measure.objects.values_list("definition", flat=True), *in_force, *_read_by_models()]:
        stream = stream_for(definition)
        if stream is not None:
            streams[stream.key] = stream
    return list(streams.values())


def _read_by_models() -> list[dict[str, Any]]:
    """How the columns of the churn model in force, and of one about to be, are measured."""
    rows = ChurnModel.objects.filter(status__in=(ChurnModel.Status.CHAMPION, ChurnModel.Status.ELECTED))
    contents = rows.filter(content__has_key="definitions").values_list("content__definitions", flat=True)
    return [definition for content in contents for definition in content.values()]
