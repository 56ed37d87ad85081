"""Text of strangers made harmless: HTML as text, odd characters gone, long ones cut. Pure."""

from __future__ import annotations

import re
from html.parser import HTMLParser

_UNSEEN = frozenset({"script", "style", "head", "template", "noscript"})
_BREAKS = frozenset({"p", "div", "br", "li", "tr", "table", "ul", "ol", "h1", "h2", "h3", "h4", "blockquote"})
_MANY_BREAKS = re.compile(r"\n{3,}")
_SPACES = re.compile(r"[^\S\n]+")


def storable(text: str, *, limit: int) -> str:
    """``text`` as PostgreSQL keeps it: no NUL, no half characters, even line ends, at most ``limit`` long."""
    clean = text.replace("\x00", "").replace("\r\n", "\n").replace("\r", "\n")
    clean = clean.encode("utf-8", "replace").decode("utf-8").strip()
    return clean if len(clean) <= limit else clean[: limit - 1] + "…"


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._hidden: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _UNSEEN:
            self._hidden.append(tag)
        elif tag in _BREAKS:
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in self._hidden:
            del self._hidden[self._hidden.index(tag) :]
        elif tag in _BREAKS:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.parts.append(data)


def from_html(html: str) -> str:
    """What a reader sees of an HTML text: no tags, scripts or styles, a line for each block."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    lines = (line.strip() for line in _SPACES.sub(" ", "".join(reader.parts)).split("\n"))
    return _MANY_BREAKS.sub("\n\n", "\n".join(lines)).strip()
