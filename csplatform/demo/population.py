"""Draws the customers: stories first, then archetypes by weight, each with its own random stream.

A customer's stream depends on the seed and its number only, so changing one story leaves every other customer alone.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from csplatform.demo import contracts, mechanisms
from csplatform.demo.catalogue import Entry, Story
from csplatform.demo.names import CompanyNames, ascii_slug
from csplatform.demo.plan import Company, Plan, World

_PLANS, _WORLD = 1, 2  # streams: one a customer, one for the world


def stream(seed: int, *path: int) -> np.random.Generator:
    """An independent random stream for a path of numbers."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence((seed, *path))))


class _Market:
    """Picks industries, countries and archetypes by weight, and companies that fit them."""

    def __init__(self, world: World, seed: int) -> None:
        self.world = world
        self.population = world.catalogue.population
        self.names = CompanyNames(world.catalogue, stream(seed, _WORLD))
        self.owners = [member["email"] for member in world.catalogue.members if member["role"] == "csm"]
        self.shares = {kind: self._weights(kind) for kind in ("industry", "country")}
        archetypes = np.array([archetype.weight for archetype in world.catalogue.archetypes])
        self.archetype_shares = archetypes / archetypes.sum()
        # One territory per csm: countries are dealt out region by region.
        regions = sorted({country["region"] for country in self.population["country"]})
        self.owner_of = {region: self.owners[i % len(self.owners)] for i, region in enumerate(regions)}

    def _weights(self, kind: str) -> NDArray[np.float64]:
        weights = np.array([entry["weight"] for entry in self.population[kind]])
        shares: NDArray[np.float64] = weights / weights.sum()
        return shares

    def _pick(self, kind: str, key: str, fixed: str, rng: np.random.Generator) -> Entry:
        entries: list[Entry] = self.population[kind]
        drawn = entries[int(rng.choice(len(entries), p=self.shares[kind]))]
        return next((entry for entry in entries if entry[key] == fixed), drawn)

    def archetype(self, rng: np.random.Generator) -> Story:
        archetypes = self.world.catalogue.archetypes
        return archetypes[int(rng.choice(len(archetypes), p=self.archetype_shares))]

    def company(self, story: Story, rng: np.random.Generator) -> Company:
        industry = self._pick("industry", "name", story.industry, rng)
        country = self._pick("country", "code", story.country, rng)
        if story.name and story.count == 1:
            domain = story.domain or self.names.reserve(ascii_slug(story.name.rsplit(" ", 1)[0]))
            name = story.name
        else:
            name, domain = self.names.take(industry, country)
        facts = self.population["company"]
        tags = list(story.tags) or [
            str(tag) for tag in rng.choice(facts["tags"], int(rng.integers(0, 3)), replace=False)
        ]
        # The listed owner looks after the region; a few accounts are kept by somebody else.
        owner = self.owner_of[country["region"]] if rng.random() < 0.85 else str(rng.choice(self.owners))
        return Company(
            name=name,
            domain=domain,
            industry=industry,
            country=country,
            employees=0,
            owner_email=owner,
            source=story.source or str(rng.choice(facts["sources"][:-2])),
            tags=tags,
            attributes={
                "depots": str(1 + int(rng.poisson(1.6))),
                "erp": str(rng.choice(facts["erps"])),
                "edi": "true" if rng.random() < 0.35 or "edi" in tags else "false",
            },
        )


def _stories(world: World, count: int) -> list[Story | None]:
    """Which story each customer number tells; None is drawn from the archetypes later."""
    told: list[Story | None] = [story for story in world.catalogue.stories for _ in range(story.count)]
    return (told + [None] * count)[:count]


def _born(plan: Plan) -> None:
    """When the customer's record was made, and how many people it employs."""
    low, high = plan.world.catalogue.population["contract"]["sales_cycle"]
    seats = 10
    if plan.prospect is not None:
        plan.created, seats = plan.prospect.since, plan.prospect.seats
    elif plan.contract_day is not None and plan.deal is not None:
        plan.created, seats = (
            plan.contract_day - int(plan.rng.integers(low, high + 1)),
            plan.deal.seats,
        )
    if plan.trial is not None:
        plan.created = min(plan.created, plan.trial[0] - 14)
    plan.company.employees = max(3, round(seats * float(plan.rng.uniform(2.5, 14.0))))


def _older_first(plan: Plan) -> None:
    """Parents and referrers were known before those who name them."""
    for older in (plan.parent, plan.referred_by):
        if older is not None and older.created >= plan.created:
            older.created = plan.created - 1
            _older_first(older)


def _matches(plan: Plan, where: dict[str, str]) -> bool:
    facts = {
        "industry": plan.company.industry["name"],
        "country": plan.company.country["code"],
    }
    return all(facts[key] == value for key, value in where.items())


def draw(world: World, *, customers: int, seed: int, ids: str = "c") -> list[Plan]:
    """All plans, complete up to contracts and access; `ids` begins each customer's id.

    Raises `CatalogueError` for stories that cannot be told.
    """
    mechanisms.check(world.catalogue)
    market = _Market(world, seed)
    days = world.window.days
    curves = np.ones((2, customers, days), dtype=np.float32)
    plans: list[Plan] = []
    first_of: dict[str, Plan] = {}
    for index, fixed in enumerate(_stories(world, customers)):
        rng = stream(seed, _PLANS, index)
        story = fixed or market.archetype(rng)
        company = market.company(story, rng)
        plan = Plan(
            index=index,
            external_id=f"{ids}-{index + 1:05d}",
            story=story.key,
            world=world,
            rng=rng,
            company=company,
            commitment=curves[0, index],
            surroundings=curves[1, index],
            week=company.industry["week"],
            stage=story.stage,
            untold=float(rng.standard_normal()),
        )
        mechanisms.apply(plan, story.mechanisms)
        for cohort in world.catalogue.cohorts:
            if _matches(plan, cohort.where):
                mechanisms.apply(plan, cohort.mechanisms)
        contracts.sign(plan)
        _born(plan)
        plan.parent, plan.referred_by = first_of.get(story.parent), first_of.get(story.referred_by)
        _older_first(plan)
        first_of.setdefault(story.key, plan)
        plans.append(plan)
    return plans
