"""Whether the collected static files are still those of the sources: collecting takes seconds, this takes none."""

from __future__ import annotations

import hashlib
from pathlib import Path

# redoc is the second of two viewers of the same API document; the docs page uses the other one.
COLLECT = ("collectstatic", "--no-input", "--clear", "--verbosity", "0", "--ignore", "redoc")
_STAMP = ".collected-from"


def fingerprint(project: Path) -> str:
    """A digest that changes when a static source, a setting or an installed package may have changed."""
    digest = hashlib.sha256()
    sources = [project / "csplatform" / "settings.py", *sorted(project.glob("requirements*.lock"))]
    for folder in [project / "static", *sorted(project.glob("[a-z]*/static"))]:
        sources += sorted(each for each in folder.rglob("*") if each.is_file())
    for source in sources:
        digest.update(f"{source.relative_to(project)}\0".encode())
        digest.update(hashlib.sha256(source.read_bytes()).digest())
    return digest.hexdigest()


def is_current(target: Path, wanted: str) -> bool:
    """Whether `target` was collected from sources with this fingerprint."""
    try:
        return (target / _STAMP).read_text(encoding="ascii") == wanted
    except OSError:
        return False


def remember(target: Path, made_from: str) -> None:
    """Note what `target` was collected from."""
    target.mkdir(parents=True, exist_ok=True)
    (target / _STAMP).write_text(made_from, encoding="ascii")
