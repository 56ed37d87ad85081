"""The story's own clock."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

Clock = Callable[[datetime], None]


@pytest.fixture
def clock(time_machine: Any) -> Clock:
    """Stand still at a moment: ``clock(moment)``."""

    def set_to(moment: datetime) -> None:
        time_machine.move_to(moment, tick=False)

    return set_to
