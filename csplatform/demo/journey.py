"""Where a customer stood on its journey, and since when: stages that agree with contract, usage and sponsor.

Before the contract the stages are passed in even steps; after it they follow what could be observed: adoption reached,
a year of steady use, advocacy for those who are thrilled – and back to adoption when usage collapses.
"""

from __future__ import annotations

from csplatform.demo.catalogue import STAGES
from csplatform.demo.plan import Plan

_STEP = 30  # days between two looks at a customer after the contract
# When the four stages of the left arm begin, as shares of the sales cycle.
_SALES = (0.0, 0.35, 0.6, 0.85)


def _before_contract(plan: Plan) -> list[tuple[int, str]]:
    if plan.prospect is not None:
        reached = STAGES.index(plan.prospect.stage)
        span = plan.window.last - plan.created
        moves = [(plan.created + span * i // (reached + 1), STAGES[i]) for i in range(reached + 1)]
    else:
        until = plan.contract_day if plan.contract_day is not None else plan.window.last
        moves = [(plan.created + round((until - plan.created) * share), STAGES[i]) for i, share in enumerate(_SALES)]
    return moves if plan.trial is None else _around_trial(moves, plan.trial[0])


def _around_trial(moves: list[tuple[int, str]], begins: int) -> list[tuple[int, str]]:
    """Whoever tries the product is in the trial from its first day: earlier stages before it, the decision after."""
    dated = []
    for day, name in moves:
        if name == "trial":
            at = begins
        elif name == "decision":
            at = day
        else:
            at = min(day, begins - 1)
        dated.append((at, name))
    return dated


def _next(plan: Plan, stage: str, day: int, months: int) -> str:
    felt = plan.felt(day, 30)
    if felt < 0.35 and stage != "adoption":
        return "adoption"
    if stage == "adoption" and months >= 3 and felt >= 0.6:
        return "performance"
    if stage == "performance" and months >= 12 and felt >= 0.7:
        return "transformation"
    thrilled = plan.shallowness < -0.25 and felt > 0.9 and not plan.sponsor_absent(day)
    if stage == "transformation" and months >= 15 and thrilled:
        return "advocacy"
    return stage


def stages(plan: Plan) -> list[tuple[int, str]]:
    """(day number, stage), in order of time; the last entry is where it stands, or stood when it left."""
    moves = _before_contract(plan)
    begins = plan.contract_day
    if begins is None:
        return _in_order(moves)
    moves.append((begins, "adoption"))
    stage, last = (
        "adoption",
        plan.window.last if plan.left_on is None else min(plan.left_on, plan.window.last),
    )
    for months, day in enumerate(range(begins + _STEP, last + 1, _STEP), start=1):
        now = _next(plan, stage, day, months)
        if now != stage:
            moves.append((day, now))
            stage = now
    if plan.stage and plan.stage != stage and last > begins:
        moves.append((max(last - 45, begins + 1), plan.stage))
    return _in_order(moves)


def _in_order(moves: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """One entry a day and none that repeats the stage before it; a later entry is never moved before an earlier one."""
    kept: list[tuple[int, str]] = []
    for day, name in moves:
        at = max(day, kept[-1][0] + 1) if kept else day
        if not kept or kept[-1][1] != name:
            kept.append((at, name))
    return kept
