"""Taking a person out of a text. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

ERASED = "▒▒▒"
_SHORTEST = 3


def redacted(text: str, names: Iterable[str]) -> str:
    """``text`` with every whole mention of ``names``, in whatever case, blacked out.

    The longest go first, so that an address is not left with its half. Names under three letters would take pieces of
    other words with them and are left alone.
    """
    wanted = sorted({name.strip() for name in names if len(name.strip()) >= _SHORTEST}, key=len, reverse=True)
    if not wanted or not text:
        return text
    pattern = "|".join(re.escape(name) for name in wanted)
    return re.sub(rf"(?<!\w)(?:{pattern})(?!\w)", ERASED, text, flags=re.IGNORECASE)
