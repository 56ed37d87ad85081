"""How many days back a measure looks. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from health.measures import DefinitionError


def window(definition: Mapping[str, Any], usual: int, longest: int) -> int:
    """The window told, else the ``usual``; raises ``DefinitionError`` beyond the ``longest``."""
    days = definition.get("window_days", usual)
    if not isinstance(days, int) or isinstance(days, bool) or not 1 <= days <= longest:
        raise DefinitionError("window_days", f"expected whole days from 1 to {longest}.")
    return days
