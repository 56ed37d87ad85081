"""Where measures get values that neither tallies of events nor contacts hold: one loader a source, for both executors.

A loader reads what it needs of a whole shard once, and its reader then answers for any measure and day. The live
executor asks for today, the as-of executor for past days: so the two cannot tell different stories. A workspace
without such measures asks nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from health.facts.contracts import Contracts
from health.facts.outages import OutageHistory
from health.measures import Spec, Told, is_tallied


@dataclass(frozen=True, slots=True)
class Asked:
    """Of which customers of the active workspace (in this order), and for which measures.

    ``days``: the first and the last day that readers will be asked about. ``contracts``: theirs on these days.
    ``recorded_by``: what was stored later takes no part, whatever it claims to have been known; None in the present.
    ``outages``: whose days usage passes over.
    """

    customer_ids: Sequence[UUID] | Sequence[str]
    specs: Sequence[Spec]
    days: tuple[date, date]
    contracts: Contracts
    recorded_by: datetime | None = None
    outages: OutageHistory | None = None


Reader = Callable[[Spec, date, date], Told]
"""(measure, day, known by the end of which day) → what is said of each customer."""
Loader = Callable[[Asked], Reader]

_loaders: dict[str, Loader] = {}


def register(source: str, loader: Loader) -> None:
    """Let ``loader`` serve the measures of ``source``; call from ``AppConfig.ready``."""
    _loaders[source] = loader


class Sources:
    """What the registered sources know of a shard; nothing is read for sources that no measure uses."""

    def __init__(
        self,
        customer_ids: Sequence[UUID] | Sequence[str],
        specs: Sequence[Spec],
        *,
        days: tuple[date, date],
        contracts: Contracts,
        recorded_by: datetime | None = None,
        outages: OutageHistory | None = None,
    ) -> None:
        wanted: dict[str, list[Spec]] = {}
        for spec in dict.fromkeys(specs):
            if spec.source in _loaders and not is_tallied(spec):
                wanted.setdefault(spec.source, []).append(spec)
        self._readers: list[tuple[Spec, Reader]] = []
        for source, mine in wanted.items():
            reader = _loaders[source](Asked(customer_ids, mine, days, contracts, recorded_by, outages))
            self._readers += [(spec, reader) for spec in mine]

    def at(self, day: date, known_by: date) -> dict[Spec, Told]:
        """Per measure what is said as of ``day``, from what was known by the end of ``known_by``."""
        return {spec: reader(spec, day, known_by) for spec, reader in self._readers}
