"""Why customers moved from stage to stage, who moved them, and what grounded those who left.

The stages and their days are those of `journey.py`; the words are drawn from a stream of their own, so that nothing
else changes with them.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from csplatform.demo.calendar import Window
from csplatform.demo.catalogue import STAGES
from csplatform.demo.files import Table
from csplatform.demo.journey import stages
from csplatform.demo.plan import Plan
from csplatform.demo.population import stream

MOVE_COLUMNS = (
    "external_id",
    "customer_external_id",
    "stage",
    "occurred_on",
    "reason",
    "override",
    "passed_over",
    "by",
    "force",
    "force_note",
)
_STREAM = 13
_SHARE_OVERRIDDEN = 0.04  # of contracts that were begun before an outcome was agreed
_SURE_DAYS = 45  # until then the customer may still be in its grace period
_SHARE_UNEXPLAINED = 0.15  # of customers that left without anybody saying why

_REASONS = {
    "consideration": [
        "Fits the profile and asked for a talk",
        "Came back after the webinar",
        "Their planner called us",
    ],
    "trial": ["Wants to see it on its own routes", "Two depots will try it", "Trial agreed with the planners"],
    "decision": ["The trial met its criteria", "Purchasing is involved now", "Asked for the contract"],
    "adoption": ["Contract signed", "Signed by the managing director", "Signed, kick-off is booked"],
    "performance": [
        "The planners work in it every day",
        "Old spreadsheets are switched off",
        "Targets agreed and measured",
    ],
    "transformation": ["A year of steady use; it is part of the week now", "Renewal was a formality"],
    "advocacy": ["Offered to speak for us", "Brought a partner to the table", "Agreed to a reference"],
}
_BACK = ["Use collapsed; we start again with the planners", "The sponsor left and habits went with them"]
_FORCES = {
    "competitor": ("competitor", "Went to another supplier"),
    "budget": ("internal", "The budget was cut"),
    "not adopted": ("vendor", "It never became part of their week, and we did not see to it"),
    "acquired": ("internal", "Acquired; the new owner has its own system"),
    "went out of business": ("external", "The company closed"),
    "insolvency": ("external", "Insolvency"),
}
_BEFORE = {"consideration": "marketing", "trial": "marketing", "decision": "sales", "adoption": "sales"}


def moves_table(plans: list[Plan], window: Window, members: list[dict[str, str]], *, seed: int) -> Table:
    """Moves in order of time, a customer's first stage left to its own row; then the forces of those who left."""
    rng = stream(seed, _STREAM)
    people = {
        department: [
            m["name"] for m in members if m["department"] == department and m["role"] not in ("host", "viewer")
        ]
        for department in ("marketing", "sales", "customer_success")
    }
    dated: list[tuple[int, int, tuple[str, ...]]] = []
    for plan in plans:
        entered = [each for each in stages(plan) if plan.left_on is None or each[0] < plan.left_on]
        for number, (before, after) in enumerate(pairwise(entered), start=2):
            dated.append((after[0], plan.index, _row(plan, number, before[1], after, window, people, rng)))
        if plan.left_on is not None and entered:
            force = _force(plan, window, people, rng)
            dated += [(plan.left_on, plan.index, force)] if force else []
    dated.sort(key=lambda item: item[:2])
    return Table(MOVE_COLUMNS, [row for _, _, row in dated])


def _row(
    plan: Plan,
    number: int,
    before: str,
    after: tuple[int, str],
    window: Window,
    people: dict[str, list[str]],
    rng: np.random.Generator,
) -> tuple[str, ...]:
    day, stage = after
    is_back = STAGES.index(stage) < STAGES.index(before)
    reason = str(rng.choice(_BACK if is_back else _REASONS[stage]))
    overridden = stage == "adoption" and not is_back and rng.random() < _SHARE_OVERRIDDEN
    who = _who(people, "customer_success" if is_back else _BEFORE.get(stage, "customer_success"), rng)
    return (
        f"{plan.external_id}-m{number}",
        plan.external_id,
        stage,
        window.date(day).isoformat(),
        reason,
        "true" if overridden else "",
        "outcome_defined" if overridden else "",
        who,
        "",
        "",
    )


def _force(
    plan: Plan, window: Window, people: dict[str, list[str]], rng: np.random.Generator
) -> tuple[str, ...] | None:
    """What grounded a customer; None where nobody knows or has said it."""
    force, note = _FORCES.get(plan.marks.get("lost_to", ""), ("", ""))
    said = rng.random() >= _SHARE_UNEXPLAINED
    if not force or not said or plan.left_on is None or plan.left_on + _SURE_DAYS > window.last:
        return None
    who = _who(people, "customer_success", rng)
    day = window.date(plan.left_on).isoformat()
    return (f"{plan.external_id}-lost", plan.external_id, "", day, "", "", "", who, force, note)


def _who(people: dict[str, list[str]], department: str, rng: np.random.Generator) -> str:
    known = people[department] or people["customer_success"]
    return str(rng.choice(known)) if known else ""
