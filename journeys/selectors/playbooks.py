"""Reading playbooks, their versions and their runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Max, QuerySet

from accounts.paging import Cursor, Ordering, Page, page
from journeys.models import Playbook, PlaybookRun, PlaybookState, PlaybookVersion, RunState

PAGE = 50
_NEWEST = Ordering("started_at", descending=True)


@dataclass(frozen=True, slots=True)
class Listed:
    """A playbook, how many of its runs stand where, and when the last began."""

    playbook: Playbook
    runs: Mapping[str, int]
    last_at: datetime | None

    @property
    def running(self) -> int:
        return self.runs.get(RunState.RUNNING, 0)

    @property
    def failed(self) -> int:
        return self.runs.get(RunState.FAILED, 0)

    @property
    def done(self) -> int:
        return self.runs.get(RunState.DONE, 0)


def listing(*, retired: bool = False) -> list[Listed]:
    """The playbooks in use (or the retired ones) by name, in two queries."""
    rows = _joined()
    rows = rows.filter(state=PlaybookState.RETIRED) if retired else rows.exclude(state=PlaybookState.RETIRED)
    return _listed(list(rows.order_by("name", "pk")))


def find(playbook_id: UUID) -> Listed | None:
    playbook = _joined().filter(pk=playbook_id).first()
    return _listed([playbook])[0] if playbook else None


def versions(playbook_id: UUID) -> Sequence[PlaybookVersion]:
    """What it said from when on, the newest first."""
    return list(PlaybookVersion.objects.filter(playbook_id=playbook_id).order_by("-number"))


def runs(
    playbook_id: UUID, *, state: str = "", after: Cursor | None = None, before: Cursor | None = None
) -> Page[PlaybookRun]:
    """A page of the log, the newest first; ``state``: only such."""
    rows = PlaybookRun.objects.filter(playbook_id=playbook_id)
    if state:
        rows = rows.filter(state=state)
    return page(rows.select_related("customer", "of_version"), _NEWEST, size=PAGE, after=after, before=before)


def find_run(run_id: UUID) -> PlaybookRun | None:
    """One run with everything its page shows."""
    rows = PlaybookRun.objects.select_related("customer", "playbook", "of_version").prefetch_related("steps")
    return rows.filter(pk=run_id).first()


def _joined() -> QuerySet[Playbook]:
    rows: QuerySet[Playbook] = Playbook.objects.select_related("present", "owner__user")
    return rows


def _listed(playbooks: Sequence[Playbook]) -> list[Listed]:
    counted = (
        PlaybookRun.objects.filter(playbook__in=playbooks)
        .values("playbook_id", "state")
        .annotate(runs=Count("pk"), last=Max("started_at"))
        .order_by()
    )
    runs: dict[UUID, dict[str, int]] = {}
    last: dict[UUID, datetime] = {}
    for row in counted:
        runs.setdefault(row["playbook_id"], {})[row["state"]] = row["runs"]
        last[row["playbook_id"]] = max(row["last"], last.get(row["playbook_id"], row["last"]))
    return [Listed(each, runs.get(each.pk, {}), last.get(each.pk)) for each in playbooks]
