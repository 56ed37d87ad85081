"""Invented names: companies, domains under the reserved `.example`, and people."""

from __future__ import annotations

import re
import unicodedata

import numpy as np

from csplatform.demo.catalogue import Catalogue, Entry

# Letters that do not fall apart into a base letter and an accent.
_SPELT = str.maketrans({"ł": "l", "Ł": "l", "ø": "o", "Ø": "o", "ß": "ss", "æ": "ae"})


def ascii_slug(text: str) -> str:
    """Lower-case ASCII letters and digits joined by hyphens, for domains and e-mail addresses."""
    folded = unicodedata.normalize("NFKD", text.translate(_SPELT)).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", folded.lower()).strip("-")


class CompanyNames:
    """Hands out distinct company names and domains: every stem once before any is used again."""

    def __init__(self, catalogue: Catalogue, rng: np.random.Generator) -> None:
        words = catalogue.words["company"]
        stems = [head + tail for head in words["heads"] for tail in words["tails"]]
        self._stems = [stems[i] for i in rng.permutation(len(stems))]
        self._next = 0
        self._domains: set[str] = set()

    def take(self, industry: Entry, country: Entry) -> tuple[str, str]:
        """The next name and its domain, sounding like the industry and registered as in the country."""
        lap, position = divmod(self._next, len(self._stems))
        trades, forms = industry["trades"], country["forms"]
        base = f"{self._stems[position]} {trades[(position + lap) % len(trades)]}"
        name = f"{base} {forms[position % len(forms)]}" if lap < len(trades) else f"{base} {lap + 1} {forms[0]}"
        self._next += 1
        return name, self.reserve(ascii_slug(base))

    def reserve(self, slug: str) -> str:
        """A domain for `slug` that nobody else has."""
        domain, number = f"{slug}.example", 2
        while domain in self._domains:
            domain, number = f"{slug}-{number}.example", number + 1
        self._domains.add(domain)
        return domain


class PeopleNames:
    """Draws names of people and e-mail addresses that are distinct within one customer."""

    def __init__(self, catalogue: Catalogue) -> None:
        words = catalogue.words["people"]
        self._first: list[str] = words["first"]
        self._last = [head + tail for head in words["heads"] for tail in words["tails"]]
        self._first_slugs = [ascii_slug(name) for name in self._first]
        self._last_slugs = [ascii_slug(name) for name in self._last]

    def take(self, count: int, domain: str, rng: np.random.Generator) -> list[tuple[str, str]]:
        """`count` pairs of full name and address at `domain`."""
        firsts = rng.integers(0, len(self._first), count)
        lasts = rng.integers(0, len(self._last), count)
        taken: dict[str, int] = {}
        people = []
        for first, last in zip(firsts.tolist(), lasts.tolist(), strict=True):
            local = f"{self._first_slugs[first]}.{self._last_slugs[last]}"
            taken[local] = taken.get(local, 0) + 1
            suffix = "" if taken[local] == 1 else str(taken[local])
            people.append(
                (
                    f"{self._first[first]} {self._last[last]}",
                    f"{local}{suffix}@{domain}",
                )
            )
        return people
