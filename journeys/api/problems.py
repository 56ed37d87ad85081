"""What the journey's services refuse, as problems."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from csplatform.core.rest.problems import Problem
from journeys.services.moving import ConflictError, Missing, MissingError
from journeys.services.relaying import NotYoursError


class MissingProblem(Problem):
    """409: what a move or a handover needs and does not have, as ``missing``: [{"criterion", "message"}]."""

    def __init__(self, detail: str, missing: Sequence[Missing], kind: str = "missing") -> None:
        super().__init__(409, detail, kind=kind)
        self.missing = missing

    @property
    def body(self) -> dict[str, Any]:
        told = [{"criterion": each.criterion, "message": each.message} for each in self.missing]
        return {**super().body, "missing": told}


@contextmanager
def refused() -> Iterator[None]:
    """Turn what deeds with moves and handovers raise into problems."""
    try:
        yield
    except MissingError as error:
        raise MissingProblem(str(error), error.missing) from error
    except ConflictError as error:
        raise Problem(409, str(error), kind="conflict") from error
    except NotYoursError as error:
        raise Problem(403, str(error), kind="not-yours") from error
