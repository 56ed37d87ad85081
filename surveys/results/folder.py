"""A published version as a folder of files that any static host can serve: links are relative, nothing is missing."""

from __future__ import annotations

import re
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles import finders

from surveys.results import made
from surveys.results.links import FILES, FolderLinks, page_file
from surveys.stats.shares import Method

_STATIC = re.compile(r'(?<=")/static/([^"]+)(?=")')
_ROOTED = re.compile(r'(?<=href=")/(?!/)')


def files(version: made.Version, *, folder_url: str = "") -> dict[str, bytes]:
    """Everything by its name in the folder: a page each language and method, the embedded chart, downloads, pictures,
    styles. ``index.html`` is the headline in the survey's first language.
    """
    found: dict[str, bytes] = {}
    for language in version.languages:
        links = FolderLinks(version.slug, language, settings.PUBLIC_URL, folder_url=folder_url)
        for method in Method:
            for kind, is_embedded in (("results", False), ("embed", True)):
                html = made.html(version, links, method=method, is_embedded=is_embedded).decode()
                found |= {f"static/{name}": _static(name) for name in _STATIC.findall(html)}
                html = _STATIC.sub(r"static/\1", html)
                found[page_file(language, method, kind)] = _ROOTED.sub(f"{settings.PUBLIC_URL}/", html).encode()
        found[links.image()] = made.image(version, language)
    found["index.html"] = found[page_file(version.languages[0], Method.MENTIONS)]
    return found | {name: body for name in FILES if (body := made.file(version, name))}


def _static(name: str) -> bytes:
    """A collected file by its hashed name, else one of the sources. Raises ``FileNotFoundError``."""
    collected = Path(settings.STATIC_ROOT) / name
    source = finders.find(name)
    if collected.is_file() or source is None:
        return collected.read_bytes()
    return Path(source).read_bytes()
