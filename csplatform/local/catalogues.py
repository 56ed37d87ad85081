"""Compiles the message catalogues whose text is newer than what was compiled from it.

`make run` and the tests do so at every start, the image once: `python -m csplatform.local.catalogues`.
"""

from __future__ import annotations

import os
from pathlib import Path

from csplatform.local.state import PROJECT


def compile_changed(project: Path = PROJECT) -> list[Path]:
    """Write each `django.mo` that is missing or older than its `django.po`; the ones written."""
    return [
        _compiled(text) for text in sorted(project.glob("csplatform/locale/*/LC_MESSAGES/django.po")) if _stale(text)
    ]


def _stale(text: Path) -> bool:
    try:
        return text.with_suffix(".mo").stat().st_mtime_ns < text.stat().st_mtime_ns
    except FileNotFoundError:
        return True


def _compiled(text: Path) -> Path:
    # Imported here because a start with nothing to compile should not pay for it.
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    target = text.with_suffix(".mo")
    beside = target.with_name(f"{target.name}.{os.getpid()}")
    with text.open("rb") as source, beside.open("wb") as written:
        write_mo(written, read_po(source, locale=text.parts[-3]))
    beside.replace(target)  # at once: another process may be reading it, or be compiling the same
    return target


if __name__ == "__main__":
    compile_changed()
