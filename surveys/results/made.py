"""A published version made into bytes: pages, embedded chart, files, picture. From the stored version alone."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation

from surveys.results import asked_csv, page, picture, rows
from surveys.results.document import Document
from surveys.results.links import FILES, WebLinks
from surveys.stats.shares import Method

HTML = "text/html; charset=utf-8"
TYPES = {"csv": "text/csv; charset=utf-8", "json": "application/json", "png": "image/png"}


@dataclass(frozen=True, slots=True)
class Version:
    """What a version holds: the document, the rows as CSV, and the log of corrections."""

    document: Document
    rows: str
    corrections: Sequence[Mapping[str, Any]]

    @property
    def slug(self) -> str:
        return str(self.document["survey"]["slug"])

    @property
    def languages(self) -> list[str]:
        return list(self.document["survey"]["languages"])


def file(version: Version, name: str) -> bytes:
    """One of ``FILES``; empty where the hosts publish no rows."""
    document = version.document
    if name == "results.json":
        quotes = [{key: value for key, value in quote.items() if key != "ref"} for quote in document["quotes"]]
        told = {**document, "quotes": quotes, "corrections": list(version.corrections)}
        return json.dumps(told, ensure_ascii=False, indent=1).encode()
    is_ballot = document["survey"]["kind"] == "top3"
    if name == "results.csv":
        return (rows.results_csv if is_ballot else asked_csv.results_csv)(document).encode()
    if name == "codebook.csv":
        return (rows.codebook_csv if is_ballot else asked_csv.codebook_csv)(document).encode()
    return version.rows.encode()


def html(
    version: Version, links: WebLinks, *, method: Method, is_embedded: bool = False, newest: int | None = None
) -> bytes:
    """The results page, or its first chart alone for other pages, in the language of ``links``.

    ``newest``: the number of the newest version, so that an older one can say that it is one.
    """
    with translation.override(links.language):
        sizes = {name: len(file(version, name)) for name in FILES}
        context = page.context(version.document, links, method=method, corrections=version.corrections, sizes=sizes)
        if newest is not None and newest > version.document["version"]["number"]:
            present = web_links(version, links.language, is_older=False)
            context["newer"] = {"number": newest, "url": present.page(method=method)}
        name = "surveys/results/embed.html" if is_embedded else "surveys/results/page.html"
        return render_to_string(name, context).encode()


def image(version: Version, language: str) -> bytes:
    """The share image as PNG."""
    with translation.override(language):
        return picture.draw(version.document)


def web_links(version: Version, language: str, *, is_older: bool) -> WebLinks:
    number = version.document["version"]["number"] if is_older else None
    return WebLinks(version.slug, language, settings.PUBLIC_URL, number)
