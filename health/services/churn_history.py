"""A workspace's past laid out for the churn model, with what a model in force would have said of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from accounts.models import Customer
from csplatform.core.tenancy import workspace_scope
from health.churn.panel import Panel
from health.churn.serving import CONTRACT, Serving
from health.facts import panel as facts
from health.models import ChurnModel
from health.services import champion, promotion

Report = Callable[[int, int], None]
"""(done, total) → nothing; raises to stop the work."""

_CHAMPIONS = "champion:"


@dataclass(frozen=True, slots=True)
class History:
    """``own``: the panel a new model learns from. ``whole``: beside it the columns of the champion, if there is one.

    ``ids``: the customers, in the order the panel counts them in; ``segments``: by kind, each customer's own.
    ``champion_learned``: the day from which on nothing was known to the champion when it was trained. ``standing``: who
    was in force, or about to be, when the history was laid out.
    """

    plan: facts.Plan
    own: Panel
    whole: Panel
    ids: list[UUID]
    segments: Mapping[str, list[str]]
    capacity: int | None
    champion: Serving | None
    champion_number: int | None
    champion_learned: date | None
    standing: frozenset[UUID]

    def champions_columns(self) -> list[str]:
        """Where the champion's columns stand in ``whole``, in its order."""
        assert self.champion is not None
        return [name if name in CONTRACT else _CHAMPIONS + name for name in self.champion.model.names]


def gather(workspace_id: UUID, horizon: int, today: date, report: Report) -> History:
    """Lay out the past of the workspace as of ``today`` (UTC), shard by shard, each in a transaction of its own."""
    with workspace_scope(workspace_id):
        people = list(Customer.objects.order_by("id").values_list("id", "industry"))
        ids = [key for key, _ in people]
        row = ChurnModel.objects.filter(status=ChurnModel.Status.CHAMPION, horizon_days=horizon).first()
        in_force = champion.by_id(row.pk) if row and row.content and "definitions" in row.content else None
        also: dict[str, dict[str, Any]] = {}
        if row is not None and row.content and in_force is not None:
            also = {_CHAMPIONS + name: each for name, each in row.content["definitions"].items()}
        setting = champion.setting()
        standing = promotion.standing()
        plan = facts.plan(horizon, today=today, customers=len(ids), also=also)
    pieces = []
    for first in range(0, len(ids) if plan.days else 0, facts.SHARD):
        shard = ids[first : first + facts.SHARD]
        with workspace_scope(workspace_id):
            pieces.append(facts.load(plan, shard, first_position=first))
        # Learning takes about as long again.
        report(first + len(shard), 2 * len(ids))
    whole = facts.assemble(plan, pieces)
    own = whole.only([name for name in plan.names if not name.startswith(_CHAMPIONS)])
    return History(
        plan,
        own,
        whole,
        ids,
        {"industry": [industry for _, industry in people]},
        setting.capacity if setting else None,
        in_force,
        row.number if row else None,
        row.trained_at.date() if row else None,
        standing,
    )
