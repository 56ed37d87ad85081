"""What the demo vendor's customers say: seeded answers that lean on how each customer fares. No Django, no database.

Health moves the score, and so do the company, the person, the country's habit with scales, and chance: health and NPS
agree in tendency (a correlation around 0.5), and there are content customers in trouble and grumpy healthy ones.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

SEED = 20_911
_MIDDLING = 0.6
_ANSWERS_WITH_HEALTH = 0.35
"""Who fares well answers more readily."""


@cache
def seeds() -> dict[str, Any]:
    """What `voice.toml` says."""
    return tomllib.loads(Path(__file__).with_name("voice.toml").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Wave:
    """One sending. `entry` is its table in the seeds; `closed_at` None while it is open."""

    slug: str
    opened_at: datetime
    closed_at: datetime | None
    entry: Mapping[str, Any]


@dataclass(frozen=True)
class Person:
    """Somebody who was asked. `company` numbers the customers; `health` from 0 to 1, None when unknown."""

    company: int
    country: str
    health: float | None


@dataclass(frozen=True)
class Said:
    """One answer: which person, how long after the mail, the score (or option keys), and why."""

    person: int
    after: timedelta
    language: str
    score: int | None = None
    why: str = ""
    choices: tuple[str, ...] = ()


def waves(today: datetime) -> list[Wave]:
    """The NPS waves as they stand on the day of `today`, the oldest first."""
    return [_wave(entry, today) for entry in seeds()["wave"]]


def top3(today: datetime) -> Wave:
    """The top-3 survey among customers."""
    return _wave(seeds()["top3"], today)


def _wave(entry: Mapping[str, Any], today: datetime) -> Wave:
    morning = today.astimezone(UTC).replace(hour=7, minute=30, second=0, microsecond=0)
    opened = morning - timedelta(days=entry["days_ago"])
    closed = opened + timedelta(days=entry["days"])
    return Wave(entry["slug"], opened, closed if closed <= today else None, entry)


def scores(wave: Wave, people: Sequence[Person], *, before: datetime) -> list[Said]:
    """The NPS answers given `before` a moment, in the order of the people."""
    told, generator = seeds()["nps"], np.random.default_rng([SEED, wave.entry["days_ago"]])
    companies = np.random.default_rng(SEED).normal(
        0.0, told["company"], max((p.company for p in people), default=0) + 1
    )
    found = []
    for number, person in enumerate(people):
        health = _MIDDLING if person.health is None else person.health
        feeling = told["middle"] + told["health"] * (health - _MIDDLING) + wave.entry["shift"]
        feeling += seeds()["habits"].get(person.country, 0.0) + companies[person.company]
        score = int(np.clip(round(feeling + generator.normal(0.0, told["person"])), 0, 10))
        after, answers = _when(wave, health, generator)
        why = _why(score, person, generator) if generator.random() < told["tells_why"] else ""
        if answers and wave.opened_at + after < before:
            found.append(Said(number, after, _language(person), score=score, why=why))
    return found


def choices(wave: Wave, people: Sequence[Person], options: Sequence[str], *, before: datetime) -> list[Said]:
    """The top-3 answers; `options` are the keys on offer."""
    generator = np.random.default_rng([SEED, wave.entry["days_ago"]])
    weights = np.array([wave.entry["weights"].get(key, 1.0) for key in options])
    found = []
    for number, person in enumerate(people):
        taste = weights * np.exp(generator.normal(0.0, 0.6, len(options)))
        wanted = int(generator.choice([1, 2, 3], p=[0.1, 0.2, 0.7]))
        picked = generator.choice(len(options), size=wanted, replace=False, p=taste / taste.sum())
        after, answers = _when(wave, person.health or _MIDDLING, generator)
        if answers and wave.opened_at + after < before:
            found.append(Said(number, after, _language(person), choices=tuple(options[i] for i in picked.tolist())))
    return found


def _when(wave: Wave, health: float, generator: np.random.Generator) -> tuple[timedelta, bool]:
    """How long after the mail, most within two days, some after the reminder; and whether at all."""
    reminded = generator.random() < 0.3
    days = (7.1 if reminded else 0.05) + generator.gamma(1.2, 1.1)
    chance = wave.entry["answers"] + _ANSWERS_WITH_HEALTH * (health - _MIDDLING)
    answers = bool(generator.random() < chance) and days < wave.entry["days"]
    return timedelta(days=float(days)), answers


def _language(person: Person) -> str:
    return str(seeds()["languages"].get(person.country, "en"))


def _why(score: int, person: Person, generator: np.random.Generator) -> str:
    kind = "promoter" if score >= 9 else "detractor" if score <= 6 else "passive"
    texts = seeds()["words"][kind][_language(person)]
    return str(texts[int(generator.integers(len(texts)))])
