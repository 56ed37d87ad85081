"""What changed since the wave before: only for options whose words stayed the same. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from surveys.stats.tally import Tally


def change(
    counted: Tally, labels: Mapping[str, Mapping[str, str]], earlier: Mapping[str, Any] | None
) -> dict[str, Any] | None:
    """Against ``earlier``, the published document of the wave before; None without one."""
    return None
