"""The import of names for events: what the ids in another system's event files mean."""

from __future__ import annotations

from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from accounts.imports.kinds import Applied, Chunk, Column, Context, ImportKind
from accounts.services.results import Refusal
from health.ingest.protocol import MAX_ID, MAX_NAME
from health.models import EventName


class EventNamesKind(ImportKind):
    """A look-up file beside a file of events. Events that are imported later are named by it; stored ones stay."""

    key: ClassVar[str] = "event_names"
    label: ClassVar[Any] = _("Names of events")
    explains: ClassVar[str] = "event"
    columns: ClassVar[tuple[Column, ...]] = (
        Column(
            "external_id",
            _("what stands in the file of events"),
            True,
        ),
        Column("name", _("what it is called"), True),
    )

    def version_columns(self, mapped: frozenset[str]) -> tuple[str, ...]:
        return ("external_id",)

    def apply(self, chunk: Chunk, context: Context) -> Applied:
        told: dict[str, str] = {}
        refused = []
        for place, (_number, cells, _extra) in enumerate(chunk.rows()):
            try:
                key, name = _text(cells["external_id"], MAX_ID), _text(cells["name"], MAX_NAME)
            except ValueError as error:
                refused.append(Refusal(place, "", str(error)))
                continue
            if key and name:
                told[key] = name
            else:
                refused.append(Refusal(place, "name" if key else "external_id", "is empty"))
        before = dict(EventName.objects.filter(external_id__in=told).values_list("external_id", "name"))
        EventName.objects.bulk_create(
            [
                EventName(workspace_id=context.workspace_id, external_id=key, name=name)
                for key, name in sorted(told.items())
                if before.get(key) != name
            ],
            update_conflicts=True,
            unique_fields=["workspace", "external_id"],
            update_fields=["name"],
        )
        created = len(told.keys() - before.keys())
        updated = sum(key in before and before[key] != name for key, name in told.items())
        return Applied(created=created, updated=updated, unchanged=len(told) - created - updated, refused=refused)


def names() -> dict[str, str]:
    """What the active workspace's files of events mean by their ids."""
    return dict(EventName.objects.values_list("external_id", "name"))


def _text(cell: Any, limit: int) -> str:
    text = "" if cell is None else str(cell).strip()
    if len(text) > limit:
        raise ValueError(f"“{text[:40]}…” is longer than {limit} characters")
    if "\0" in text:
        raise ValueError("holds a NUL character")
    return text
