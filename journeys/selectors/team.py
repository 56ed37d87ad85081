"""Who answers for what: the departments' parts along the journey, as the workspace says or as the domain suggests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from accounts.roles import Department
from journeys.models import Macro, Phase, Responsibility, Stage
from journeys.selectors import journey
from journeys.team_defaults import WORDS


@dataclass(frozen=True, slots=True)
class Part:
    """What a department does at a stage; empty: nothing. ``carries``: customers there are in its hands.

    ``is_default``: nobody has said it in the workspace's own words yet.
    """

    department: str
    words: str
    carries: bool
    is_default: bool

    @property
    def label(self) -> str:
        return str(Department(self.department).label)


@dataclass(frozen=True, slots=True)
class AtStage:
    """The parts at a stage, whoever carries it first; departments without a part are left out."""

    stage: Stage
    parts: Sequence[Part]


@dataclass(frozen=True, slots=True)
class Arm:
    """A phase of the journey with its stages, and the departments that carry them, in order of appearance."""

    phase: Phase
    carriers: Sequence[str]
    stages: Sequence[AtStage]


def arms() -> list[Arm]:
    """The whole journey by phase: the stages in use with the departments' parts, in two queries."""
    stages = journey.stages()
    own: dict[object, dict[str, str]] = {}
    for row in Responsibility.objects.filter(stage__in=stages):
        own.setdefault(row.stage_id, {})[row.department] = row.words
    found = [AtStage(stage, _shown(_parts(stage, own.get(stage.pk, {})))) for stage in stages]
    return [
        Arm(phase, _carriers(there), there)
        for phase in Phase
        if (there := [each for each in found if each.stage.phase is phase])
    ]


def of_stage(stage: Stage) -> list[Part]:
    """Every department's part at one stage, also those that have none, in one query."""
    rows = Responsibility.objects.filter(stage=stage)
    return _parts(stage, {row.department: row.words for row in rows})


def _parts(stage: Stage, own: dict[str, str]) -> list[Part]:
    return [
        Part(
            department=department.value,
            words=own.get(department, str(WORDS.get((Macro(stage.macro), department), ""))),
            carries=department == stage.department,
            is_default=department not in own,
        )
        for department in Department
    ]


def _shown(parts: Sequence[Part]) -> list[Part]:
    return sorted((part for part in parts if part.words or part.carries), key=lambda part: not part.carries)


def _carriers(stages: Sequence[AtStage]) -> list[str]:
    carried = [each.stage.department for each in stages if each.stage.department]
    return [str(Department(department).label) for department in dict.fromkeys(carried)]
