"""Collects the texts marked for translation, and brings the catalogues up to date with them: `make messages`.

Babel reads Python; Django turns a template into Python-like text that holds nothing but its translatable
strings. No GNU gettext is needed. What is new in a catalogue is empty until somebody translates it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

PROJECT = Path(__file__).resolve().parents[2]
LOCALES = Path("csplatform", "locale")
TRANSLATED = ("de", "fr")
"""The languages that have a catalogue. English is what the sources are written in."""

_KEYWORDS = {
    **DEFAULT_KEYWORDS,
    "_lazy": None,
    "gettext_lazy": None,
    "ngettext_lazy": (1, 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
_NOT_PRODUCT = {"tests", "bench", "docs", "static"}
_TEMPLATES = {".html", ".txt"}
_WIDTH = 110


def collect(project: Path = PROJECT) -> Catalog:
    """Every text marked for translation in the product's code and templates, with the files that use it."""
    found = _empty(None)
    for path in _sources(project):
        where = path.relative_to(project).as_posix()
        for line, text, comments, context in extract(
            "python", BytesIO(_as_python(path).encode()), keywords=_KEYWORDS, options={"encoding": "utf-8"}
        ):
            found.add(text, locations=[(where, line)], auto_comments=comments, context=context)
    return found


def catalogue(language: str, project: Path = PROJECT) -> Catalog:
    """The catalogue of a language as it is kept; an empty one where there is none yet."""
    path = _path(language, project)
    if not path.exists():
        return _empty(language)
    with path.open("rb") as file:
        return read_po(file, locale=language, abort_invalid=True)


def update(project: Path = PROJECT) -> dict[str, int]:
    """Add what is new to each catalogue and drop what is used no more; how many texts wait for words, by language.

    Similar texts are never taken over: a translation that is nearly right reads as if it were.
    """
    texts, waiting = collect(project), {}
    for language in TRANSLATED:
        kept = catalogue(language, project)
        kept.update(texts, no_fuzzy_matching=True, update_creation_date=False)
        path = _path(language, project)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            # Line numbers would change with every edit of the sources, and hide what did change.
            write_po(file, kept, width=_WIDTH, ignore_obsolete=True, include_lineno=False, sort_by_file=True)
        waiting[language] = sum(1 for message in kept if message.id and not is_translated(message.string))
    return waiting


def is_translated(string: str | list[str] | tuple[str, ...] | None) -> bool:
    """Whether there are words for a message: in every plural form, where it has several."""
    return bool(string) and all(string or ())


def _empty(language: str | None) -> Catalog:
    return Catalog(
        language, project="Boomerang", version="1", msgid_bugs_address="", last_translator="", language_team=""
    )


def _sources(project: Path) -> Iterator[Path]:
    for folder in sorted(project.glob("[a-z]*/")):
        if folder.name not in _NOT_PRODUCT:
            yield from sorted(path for path in folder.rglob("*") if path.suffix == ".py" or _is_template(path))


def _is_template(path: Path) -> bool:
    return path.suffix in _TEMPLATES and "templates" in path.parts


def _as_python(path: Path) -> str:
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        return text
    # The template's own indentation stays in what Django makes of it, and means something in Python.
    return "\n".join(line.lstrip() for line in templatize(text, origin=str(path)).splitlines())


def _path(language: str, project: Path) -> Path:
    return project / LOCALES / language / "LC_MESSAGES" / "django.po"


if __name__ == "__main__":
    for _language, _count in update().items():
        sys.stdout.write(f"{_path(_language, PROJECT).relative_to(PROJECT)}: {_count} without words\n")
