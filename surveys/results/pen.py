"""Drawing the share image: a pen with the product's colours and fonts, 1200 × 630. Fonts come from packages."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

WIDTH, HEIGHT = 1200, 630
SCALE = 2
LEFT, RIGHT = 64, 1146
GROUND, INK, INK2, INK3 = "#fbfaf6", "#1b2024", "#454c52", "#646b71"
PETROL, FIRST, STEM, DASH, GRID, MUTE = "#0e6072", "#07333e", "#9fcbd3", "#4694a3", "#e8e5dc", "#868d93"


@cache
def font_of(name: str, size: int) -> ImageFont.FreeTypeFont:
    """A font file of the packages ("SourceSansPro-Bold") at ``size`` pixels of the picture."""
    family = "font_source_serif_pro" if "Serif" in name else "font_source_sans_pro"
    spec = find_spec(family)
    assert spec is not None
    assert spec.submodule_search_locations
    return ImageFont.truetype(Path(spec.submodule_search_locations[0]) / "files" / f"{name}.ttf", size * SCALE)


class Pen:
    """Draws at twice the size, so that what is scaled down is smooth."""

    def __init__(self) -> None:
        self.image = Image.new("RGB", (WIDTH * SCALE, HEIGHT * SCALE), GROUND)
        self._draw = ImageDraw.Draw(self.image)

    def text(self, x: float, y: float, text: str, font: str, size: int, fill: str, anchor: str = "ls") -> float:
        """Text whose baseline is at ``y``; returns where it ends."""
        face = font_of(font, size)
        self._draw.text((x * SCALE, y * SCALE), text, fill=fill, font=face, anchor=anchor)
        return x + face.getlength(text) / SCALE

    def line(self, x1: float, y1: float, x2: float, y2: float, fill: str, width: float = 1.5) -> None:
        points = [value * SCALE for value in (x1, y1, x2, y2)]
        self._draw.line(points, fill=fill, width=round(width * SCALE))

    def dashes(self, y: float) -> None:
        """A dashed line over the whole width."""
        for x in range(LEFT, RIGHT, 11):
            self.line(x, y, min(x + 6, RIGHT), y, DASH, 2)

    def box(self, x1: float, y1: float, x2: float, y2: float, fill: str) -> None:
        if x2 > x1 and y2 > y1:
            self._draw.rectangle([x1 * SCALE, y1 * SCALE, x2 * SCALE - 1, y2 * SCALE - 1], fill=fill)

    def dot(self, x: float, y: float) -> None:
        """The mark of a figure."""
        for radius, fill in ((10.5, GROUND), (8.5, PETROL)):
            self._draw.ellipse(
                [(x - radius) * SCALE, (y - radius) * SCALE, (x + radius) * SCALE, (y + radius) * SCALE], fill
            )

    def arch(self) -> None:
        """The product's mark."""
        box = [65 * SCALE, 47 * SCALE, 93 * SCALE, 89 * SCALE]
        self._draw.arc(box, 190, 350, fill=PETROL, width=4 * SCALE)


def wrapped(text: str, font: str, size: int, width: float) -> list[str]:
    """Lines no wider than ``width``, as even as the fewest lines allow, so that no word stands alone."""
    lines = _greedy(text, font, size, width)
    narrow = width
    while len(lines) > 1 and len(_greedy(text, font, size, narrow - 20)) == len(lines):
        narrow -= 20
        lines = _greedy(text, font, size, narrow)
    return lines


def _greedy(text: str, font: str, size: int, width: float) -> list[str]:
    face = font_of(font, size)
    lines: list[str] = []
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and face.getlength(longer) / SCALE <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def shortened(text: str, font: str, size: int, width: float) -> str:
    """``text``, cut with an ellipsis where it is wider than ``width``."""
    face = font_of(font, size)
    if face.getlength(text) / SCALE <= width:
        return text
    while text and face.getlength(text + "…") / SCALE > width:
        text = text[:-1]
    return text.rstrip() + "…"
