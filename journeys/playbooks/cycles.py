"""Playbooks that would start one another for ever. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from journeys.playbooks.definition import MOVE, Definition


def emissions(definition: Definition) -> Iterator[tuple[str, dict[str, Any]]]:
    """The events its steps are bound to cause, with what is known of their payload beforehand."""
    for step in definition.steps:
        if step.makes_task:
            yield "task.created", {"source": "playbook"}
        elif step.kind == MOVE:
            yield "stage.entered", {"stage": step.stage}


def may_start(definition: Definition, event: str, payload: Mapping[str, Any]) -> bool:
    """Whether such an event may start it: conditions on fields not known beforehand count as fulfilled."""
    if definition.event != event:
        return False
    return all(each.holds(payload) for each in definition.where if each.field in payload)


def cycle(playbooks: Mapping[str, Definition], start: str) -> Sequence[str]:
    """The names along a way from ``start`` back to it; empty where there is none."""
    ways: list[list[str]] = [[start]]
    seen: set[str] = set()
    while ways:
        way = ways.pop(0)
        for name, definition in playbooks.items():
            if not any(may_start(definition, *told) for told in emissions(playbooks[way[-1]])):
                continue
            if name == start:
                return [*way, start]
            if name not in seen:
                seen.add(name)
                ways.append([*way, name])
    return []
