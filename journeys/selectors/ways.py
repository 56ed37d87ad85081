"""Where a customer could go from here, and what each step would take."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from accounts.models import Customer
from journeys.flight import engine
from journeys.flight.engine import Kind
from journeys.models import Move, RelayTemplate, Stage
from journeys.selectors import criteria, journey


@dataclass(frozen=True, slots=True)
class Way:
    """A stage that could be entered. ``missing``: what does not hold, in words; ``relay``: the handover it takes."""

    stage: Stage
    kind: Kind
    missing: tuple[str, ...]
    relay: RelayTemplate | None

    @property
    def is_back(self) -> bool:
        return self.kind is Kind.BACK

    @property
    def is_thrown(self) -> bool:
        return self.kind is Kind.THROWN

    @property
    def is_free(self) -> bool:
        return not self.missing and self.relay is None


def ways_of(customer: Customer, last: Move | None, now: datetime) -> list[Way]:
    """Every stage in use but the one it stands at, in order; the same few queries however many there are."""
    rules = journey.rules()
    asked = {each.key: each for rule in rules for each in (*rule.entry, *rule.exit)}
    holds = criteria.checker(customer, asked.values(), now)
    templates = {
        (each.from_stage.key, each.to_stage.key): each
        for each in RelayTemplate.objects.select_related("from_stage", "to_stage")
    }
    pairs = journey.relay_pairs()
    position = journey.position_of(customer.pk, last)
    found = []
    for stage in journey.stages():
        if last is not None and stage.pk == last.stage_id:
            continue
        decision = engine.decide(rules, position, stage.key, holds, pairs)
        missing = tuple(criteria.message(each) for each in decision.missing)
        found.append(Way(stage, decision.kind, missing, templates[decision.relay] if decision.relay else None))
    return found
