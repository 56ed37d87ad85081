"""Our own customers' ranking beside a published edition, option by option where key and wording are the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from csplatform.core.tenancy import workspace_scope
from surveys.models import Survey, pick
from surveys.selectors import counting, published
from surveys.selectors.public import Edition, editions, find_public
from surveys.stats.contrasts import Contrast, Counted, contrasts


@dataclass(frozen=True, slots=True)
class Row:
    """One option. ``theirs`` None where the edition did not offer it; ``contrast`` None where the wording differs."""

    label: str
    ours: Counted
    theirs: Counted | None
    contrast: Contrast | None


@dataclass(frozen=True, slots=True)
class Beside:
    """``theirs``: the published document, which anybody may read; ``missing``: what only that edition offered."""

    n: int
    their_n: int
    theirs: Mapping[str, Any]
    rows: tuple[Row, ...]
    missing: tuple[str, ...]


def published_editions(survey: Survey, now: datetime) -> list[Edition]:
    """Editions with published results that another ranking may be laid beside, the newest first."""
    return [each for each in editions(now) if not each.is_open and each.slug != survey.slug]


def document_of(slug: str) -> Mapping[str, Any] | None:
    """The newest published results at a public address, whoever's they are; None where nothing is published."""
    place = find_public(slug)
    if place is None:
        return None
    workspace_id, survey_id = place
    with workspace_scope(workspace_id):
        found = published.version(survey_id)
    return found.results if found is not None else None


def beside(survey: Survey, document: Mapping[str, Any], language: str) -> Beside | None:
    """The two rankings; None where the edition has too few answers to show any. Differences by Holm over all rows."""
    figures = document["figures"]
    if not figures["is_enough"]:
        return None
    own = counting.tally_of(survey, language=language)
    their_n = int(figures["n"])
    counts = {option["key"]: Counted(int(option["mentions"]), their_n) for option in figures["options"]}
    wordings = {option["key"]: option["label"] for option in document["options"]}
    ours = {option.key: option.label for option in counting.options_of(survey)}
    drafts = [
        (row, Counted(row["mentions"], own["n"]), counts.get(row["key"]))
        for row in own["options"]
        if row["key"] in ours
    ]
    same = [
        (row["key"], mine, theirs)
        for row, mine, theirs in drafts
        if theirs is not None and own["n"] and _alike(ours[row["key"]], wordings[row["key"]])
    ]
    found = contrasts([(mine, theirs) for _key, mine, theirs in same])
    compared = {key: contrast for (key, _mine, _theirs), contrast in zip(same, found, strict=True)}
    languages = list(document["survey"]["languages"])
    return Beside(
        n=own["n"],
        their_n=their_n,
        theirs=document,
        rows=tuple(Row(row["label"], mine, theirs, compared.get(row["key"])) for row, mine, theirs in drafts),
        missing=tuple(pick(wordings[key], language, languages) for key in counts if key not in ours),
    )


def _alike(ours: Mapping[str, str], theirs: Mapping[str, str]) -> bool:
    """Whether two labels say the same in every language both have, and have one in common."""
    both = [code for code in ours if theirs.get(code) and ours[code]]
    return bool(both) and all(ours[code].strip() == theirs[code].strip() for code in both)
