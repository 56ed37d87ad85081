"""What a new survey starts with, per kind. Texts are data: they belong to the survey from then on."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any


@cache
def top3() -> dict[str, Any]:
    """The starter of a top-3 survey: ``text`` (field → language → text), ``option`` and ``question`` in order."""
    return tomllib.loads(Path(__file__).with_name("starters.toml").read_text(encoding="utf-8"))
