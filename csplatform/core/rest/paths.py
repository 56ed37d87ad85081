"""References in addresses."""

from __future__ import annotations


class ReferenceConverter:
    """``{id}``: an id, or ``ext:`` and an external id, which may itself hold (encoded) slashes."""

    regex = r"ext:.+?|[^/]+?"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value
