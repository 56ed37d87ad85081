"""Which source is served by which loader."""

from __future__ import annotations

from health.facts import (
    adoption,
    attributes,
    engagements,
    invoices,
    judgements,
    outcomes,
    reading,
    relays,
    sources,
    sponsors,
    tickets,
    voice,
)

SOURCES: dict[str, sources.Loader] = {
    "events": reading.load,
    "surveys": voice.load,
    "engagements": engagements.load,
    "relays": relays.load,
    "tickets": tickets.load,
    "invoices": invoices.load,
    "outcomes": outcomes.load,
    "adoption": adoption.load,
    "sponsors": sponsors.load,
    "judgement": judgements.load,
    "attribute": attributes.load,
}


def register_all() -> None:
    """Make every source known; called once the apps are ready."""
    for name, loader in SOURCES.items():
        sources.register(name, loader)
