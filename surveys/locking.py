"""What may still change of a survey, and why not; rules without input or output.

A draft changes freely. Once open, options keep their place, because forms that are out name it. From the first counted
answer on, what was asked and promised stays as that person saw it: otherwise two answers to one survey would be answers
to different questions.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any


class Stage(StrEnum):
    """How far a survey is, as far as changing it goes."""

    DRAFT = "draft"
    OPENED = "opened"
    ANSWERED = "answered"


ASKED = frozenset({"title", "question", "purpose", "allow_other", "audience", "languages", "confirm_by_email"})
"""Settings that are part of what was asked or promised; they stay from the first counted answer on."""


def stage(*, was_opened: bool, has_answers: bool) -> Stage:
    """``has_answers``: whether at least one answer counts (test answers do not)."""
    if has_answers:
        return Stage.ANSWERED
    return Stage.OPENED if was_opened else Stage.DRAFT


def locked_fields(stage: Stage, before: Mapping[str, Any], told: Mapping[str, Any]) -> set[str]:
    """The fields of ``told`` that would change and may not in ``stage``.

    Promises may be kept better than given, not worse: shorter retention and rows that stay unpublished are let through.
    """
    if stage is not Stage.ANSWERED:
        return {"languages"} & _changed(before, told) if stage is Stage.OPENED else set()
    changed = _changed(before, told)
    locked = changed & ASKED
    if "retention_days" in changed and told["retention_days"] > before["retention_days"]:
        locked.add("retention_days")
    if "publish_rows" in changed and told["publish_rows"]:
        locked.add("publish_rows")
    return locked


def _changed(before: Mapping[str, Any], told: Mapping[str, Any]) -> set[str]:
    return {field for field, value in told.items() if before.get(field) != value}
