"""The community: seeded people who answer the yearly top-3 survey. Pure: no database, no Django, no rule of counting.

Who answers and how is data, in `community.toml`. A person belongs to a group of every kind; the weights of options are
multiplied by what the year and those groups add, and by the person's own taste (log-normal). Choices are then drawn one
after the other among those left, in proportion to their weights (a Plackett–Luce model). Options are shown in a
random order that has no influence: the position check of the results should find nothing.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

SEED = 20_273
_TASTE = 0.55  # standard deviation of the logarithm of a person's own weights
_OTHER = "other"


@cache
def seeds() -> dict[str, Any]:
    """What `community.toml` says."""
    return tomllib.loads(Path(__file__).with_name("community.toml").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Edition:
    """One yearly survey and when it runs; `is_open` today."""

    slug: str
    wave: str
    opened_at: datetime
    closes_at: datetime
    publishes_at: datetime
    is_open: bool
    options: tuple[Mapping[str, Any], ...]
    entry: Mapping[str, Any]


@dataclass(frozen=True)
class Answer:
    """One person's answer. `choices` are option keys or "other"; `order` the options as shown; `theme` and
    `meant`: the theme, or the option, a host files the own words under; `removal`: why a host took the answer out;
    `wishes`: what an address was left for."""

    at: datetime
    choices: tuple[str, ...]
    order: tuple[str, ...]
    language: str
    segments: Mapping[str, str]
    words: str = ""
    theme: str = ""
    meant: str = ""
    may_quote: bool = False
    flags: tuple[str, ...] = ()
    removal: str = ""
    is_erased: bool = False
    wishes: frozenset[str] = field(default_factory=frozenset)


def editions(today: datetime) -> list[Edition]:
    """The editions as they stand on the day of `today`, the oldest first; the last one is open."""
    entries = seeds()["edition"]
    opened = _morning(today) - timedelta(days=entries[-1]["so_far"])
    return [_edition(entry, opened) for entry in entries]


def _morning(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(hour=8, minute=0, second=0, microsecond=0)


def _edition(entry: Mapping[str, Any], opened: datetime) -> Edition:
    year = opened.year - entry["years_ago"]
    day = min(opened.day, 28) if opened.month == 2 else opened.day
    begins = opened.replace(year=year, day=day)
    closes = begins + timedelta(days=entry["days"])
    publishes = closes + timedelta(days=entry["publish_after"])
    slug = f"{seeds()['survey']['slug']}-{year}"
    return Edition(slug, str(year), begins, closes, publishes, "so_far" in entry, tuple(entry.get("option", ())), entry)


def answers(edition: Edition, options: Sequence[str]) -> list[Answer]:
    """Everybody's answers in the order they came in; `options` are the keys on offer, in the survey's order.

    Raises ``KeyError`` for an option that has no weight in the seeds.
    """
    generator = np.random.default_rng([SEED, edition.entry["years_ago"]])
    return list(_Crowd(edition, tuple(options), generator).answers())


class _Crowd:
    def __init__(self, edition: Edition, options: tuple[str, ...], generator: np.random.Generator) -> None:
        self.edition, self.options, self.random = edition, options, generator
        told, shift = seeds()["option"], edition.entry.get("shift", {})
        self.weights = np.array([told[key]["weight"] * shift.get(key, 1.0) for key in options])
        self.firsts = np.array([told[key].get("first", 1.0) for key in options])
        self.ballot = seeds()["ballot"]

    def answers(self) -> Iterator[Answer]:
        moments = self._moments()
        doubts = [doubt for doubt in self.edition.entry.get("doubtful", ()) for _ in range(doubt["count"])]
        drawn = [int(number) for number in self.random.permutation(len(moments))]
        doubtful = dict(zip(drawn, doubts, strict=False))
        erased = set(drawn[len(doubts) :][: self.edition.entry.get("erased", 0)])
        for number, moment in enumerate(moments):
            yield self._answer(moment, doubtful.get(number, {}), number in erased)

    def _moments(self) -> list[datetime]:
        """Many on the first days, another wave at the reminder in the middle; by day, on workdays mostly."""
        entry = self.edition.entry
        days = entry.get("so_far", entry["days"])
        rush = np.exp(-np.arange(days) / 5) + 0.55 * np.exp(-np.abs(np.arange(days) - entry["days"] // 2) / 1.5) + 0.08
        weekdays = np.array([(self.edition.opened_at + timedelta(days=day)).weekday() for day in range(days)])
        rush = rush * np.where(weekdays < 5, 1.0, 0.25)
        chosen = self.random.choice(days, entry["answers"], p=rush / rush.sum())
        seconds = self.random.beta(2.0, 2.2, entry["answers"]) * 11 * 3_600
        found = chosen * 86_400 + seconds
        return [self.edition.opened_at + timedelta(seconds=float(second)) for second in np.sort(found)]

    def _answer(self, at: datetime, doubt: Mapping[str, Any], is_erased: bool) -> Answer:
        groups = {kind: self._one(choices) for kind, choices in seeds()["segment"].items()}
        language = self._one({key: {"share": share} for key, share in self.ballot["languages"].items()})
        choices = self._choices(groups)
        words: Mapping[str, str] = {}
        if self.random.random() < self.ballot["other"]:
            choices = (*choices[:2], _OTHER) if len(choices) > 1 else (_OTHER,)
            words = self._words(language)
        return Answer(
            at=at,
            choices=choices,
            order=tuple(self.options[number] for number in self.random.permutation(len(self.options))),
            language=language,
            segments={k: v for k, v in groups.items() if self.random.random() >= self.ballot["skips_a_question"]},
            words=words.get("text", ""),
            theme=words.get("theme", ""),
            meant=words.get("option", ""),
            may_quote=bool(words) and bool(self.random.random() < self.ballot["may_quote"]),
            flags=(doubt["flag"],) if doubt else (),
            removal=doubt.get("removed", ""),
            is_erased=is_erased,
            wishes=self._wishes(),
        )

    def _choices(self, groups: Mapping[str, str]) -> tuple[str, ...]:
        weights = self.weights * np.exp(self.random.normal(0.0, _TASTE, len(self.options)))
        for kind, group in groups.items():
            effect = seeds()["segment"][kind][group].get("effect", {})
            weights = weights * np.array([effect.get(key, 1.0) for key in self.options])
        wanted = 1 + int(self.random.choice(3, p=self.ballot["choices"]))
        chosen: list[int] = []
        for place in range(wanted):
            left = weights * (self.firsts if place == 0 else 1.0)
            left[chosen] = 0.0
            chosen.append(int(self.random.choice(len(left), p=left / left.sum())))
        return tuple(self.options[number] for number in chosen)

    def _words(self, language: str) -> Mapping[str, str]:
        told = [{**entry, "text": text} for entry in seeds()["words"] for text in entry[language]]
        return told[int(self.random.integers(len(told)))]

    def _wishes(self) -> frozenset[str]:
        """One in four wants the results by mail, one in eight to be asked again, one in nine to meet others."""
        chances = {"results": 0.25, "next": 0.125, "peers": 0.11}
        return frozenset(wish for wish, chance in chances.items() if self.random.random() < chance)

    def _one(self, choices: Mapping[str, Mapping[str, Any]]) -> str:
        shares = np.array([choice["share"] for choice in choices.values()])
        return str(self.random.choice(list(choices), p=shares / shares.sum()))
