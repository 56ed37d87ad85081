"""Reads the three data files of the simulator and refuses what the mechanisms could not use.

`population.toml` describes the vendor and its market, `stories.toml` what happens to whom, `words.toml` the words
names are made of. Errors name the file, the entry and what was expected.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
STAGES = (
    "awareness",
    "consideration",
    "trial",
    "decision",
    "adoption",
    "performance",
    "transformation",
    "advocacy",
)

Entry = dict[str, Any]


class CatalogueError(ValueError):
    """A data file of the simulator says something the simulator cannot do."""


@dataclass(frozen=True)
class Story:
    """A story or archetype: fixed facts of the customer (all optional) and the mechanisms applied in order."""

    key: str
    about: str
    mechanisms: tuple[Entry, ...]
    count: int = 1
    weight: float = 0.0
    name: str = ""
    domain: str = ""
    industry: str = ""
    country: str = ""
    stage: str = ""
    source: str = ""
    parent: str = ""
    referred_by: str = ""
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Cohort:
    """Something that happens to every customer matching `where` (`industry` and/or `country`)."""

    key: str
    about: str
    where: dict[str, str]
    mechanisms: tuple[Entry, ...]


@dataclass(frozen=True)
class Catalogue:
    """Everything the data files say. `population` and `words` keep the shape of their files."""

    population: Entry
    words: Entry
    stories: tuple[Story, ...]
    archetypes: tuple[Story, ...]
    cohorts: tuple[Cohort, ...]

    @property
    def vendor(self) -> Entry:
        vendor: Entry = self.population["vendor"]
        return vendor

    @property
    def members(self) -> list[Entry]:
        """The vendor's people: `email`, `name`, `role`, `department`."""
        members: list[Entry] = self.population["member"]
        return members

    @property
    def feature_names(self) -> list[str]:
        return [feature["event"] for feature in self.population["feature"]]

    def story(self, key: str) -> Story:
        """The story or archetype called `key`."""
        for story in self.stories + self.archetypes:
            if story.key == key:
                return story
        raise CatalogueError(f"stories.toml has no story {key!r}")


def _read(path: Path) -> Entry:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise CatalogueError(f"{path.name}: {error}") from error


def _make(kind: type[Any], entry: Entry, source: str) -> Any:
    values = {key: tuple(value) if key in ("mechanisms", "tags") else value for key, value in entry.items()}
    try:
        return kind(**values)
    except TypeError as error:
        raise CatalogueError(f"{source}, {entry.get('key', 'an entry without key')!r}: {error}") from error


def _check(catalogue: Catalogue, source: str) -> None:
    industries = {industry["name"] for industry in catalogue.population["industry"]}
    countries = {country["code"] for country in catalogue.population["country"]}
    seen: set[str] = set()
    for story in catalogue.stories + catalogue.archetypes:
        where = f"{source}, story {story.key!r}"
        for field, value, allowed in (
            ("industry", story.industry, industries),
            ("country", story.country, countries),
            ("stage", story.stage, set(STAGES)),
            ("parent", story.parent, seen),
            ("referred_by", story.referred_by, seen),
        ):
            if value and value not in allowed:
                raise CatalogueError(f"{where}: {field} {value!r} is not one of {', '.join(sorted(allowed))}")
        if story.key in seen:
            raise CatalogueError(f"{where}: the key is used twice")
        seen.add(story.key)
    if not catalogue.archetypes or sum(story.weight for story in catalogue.archetypes) <= 0:
        raise CatalogueError(f"{source}: at least one archetype with a positive weight is needed")


def load(stories: Path | None = None) -> Catalogue:
    """The catalogue; `stories` replaces the package's `stories.toml`. Raises `CatalogueError`.

    What the mechanisms are given is checked when they are applied, by `mechanisms.check`.
    """
    path = stories or HERE / "stories.toml"
    told = _read(path)
    catalogue = Catalogue(
        population=_read(HERE / "population.toml"),
        words=_read(HERE / "words.toml"),
        stories=tuple(_make(Story, entry, path.name) for entry in told.get("story", [])),
        archetypes=tuple(_make(Story, entry, path.name) for entry in told.get("archetype", [])),
        cohorts=tuple(_make(Cohort, entry, path.name) for entry in told.get("cohort", [])),
    )
    _check(catalogue, path.name)
    return catalogue


@cache
def default() -> Catalogue:
    """The package's own catalogue, read once."""
    return load()
