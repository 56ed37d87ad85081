"""When health is a question at all: after the contract and until the customer has churned."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

UNDER_CONTRACT = frozenset({"active", "notice_given", "in_grace"})
AFTER_CONTRACT_STAGES = frozenset({"adoption", "performance", "transformation", "advocacy"})


def is_applicable(states: Sequence[str], macros: Sequence[str]) -> npt.NDArray[np.bool_]:
    """Under contract; or, where no subscriptions are recorded, at a stage after the contract."""
    return np.array(
        [
            state in UNDER_CONTRACT or (state == "none" and macro in AFTER_CONTRACT_STAGES)
            for state, macro in zip(states, macros, strict=True)
        ],
        dtype=np.bool_,
    )
