"""The boomerang as geometry: pure functions from a size name to outlines and anchors.

The shape follows one branch of a hyperbola, thick at the elbow and tapering to round tips. Eight
segments stand for the eight macro stages; the elbow is Adoption. All lengths are SVG user units of the
size's own box (x to the right, y down). Positions along the curve ("s") are arc lengths from the apex:
negative on the left arm, positive on the right. Everything is computed once per size and cached.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate, pairwise

PHASE_OF: Mapping[str, str] = {
    "awareness": "demand",
    "consideration": "demand",
    "trial": "demand",
    "decision": "demand",
    "adoption": "turnaround",
    "performance": "expand",
    "transformation": "expand",
    "advocacy": "boomerang",
}
"""Macro stage → phase, in the order of the journey. The phase is also the name of its colour token."""

MACRO_STAGES: tuple[str, ...] = tuple(PHASE_OF)

ELBOW_SHARE = 1.35 / 8.7
"""Adoption's part of the whole length."""

RIGHT_WEIGHTS = (1.1, 1.1, 1.15)
"""Performance, Transformation, Advocacy share the right arm after the elbow in this proportion."""

TILT = math.radians(-4)
"""The right tip ends higher than the left one began: value after the throw is higher."""

LABEL_DISTANCE = 16.0
TABLE_STEPS = 1600


@dataclass(frozen=True)
class Size:
    """One drawn size. `left` and `right` are arm lengths, `width` the thickness at the elbow.

    `roundness` (a) and `slope` (k) shape the hyperbola y = k(√(a² + x²) − a); `tip` is the part of the
    thickness left at the ends; `gap` separates segments; `digits` is the precision of coordinates.
    """

    name: str
    box: tuple[float, float]
    apex: tuple[float, float]
    left: float
    right: float
    roundness: float
    slope: float
    width: float
    tip: float
    gap: float
    digits: int = 1


SIZES: Mapping[str, Size] = {
    size.name: size
    for size in (
        Size("page", (774, 548), (393, 108), 424, 386, 72, 1.10, 104, 0.74, 4.0),
        Size("phone", (358, 228), (180, 46), 212, 202, 36, 0.98, 58, 0.76, 2.6),
        Size("header", (118, 72), (59, 16), 66, 62.5, 11, 1.06, 21, 0.76, 1.6, 2),
        Size("glyph", (36, 24), (17.9, 5.2), 21.4, 20.2, 3.6, 1.02, 7.6, 0.84, 1.3, 2),
        Size("logo", (30, 22), (14.8, 5.6), 17.9, 17.1, 3.6, 1.0, 8.8, 0.84, 0.8, 2),
    )
}


@dataclass(frozen=True)
class Point:
    """A place in the box, with the direction of travel along the arm in degrees (0 = to the right)."""

    x: float
    y: float
    angle: float = 0.0


@dataclass(frozen=True)
class Segment:
    """One drawn piece: its closed outline `path` and the anchors around it."""

    key: str
    macro: str
    phase: str
    path: str
    centre: Point
    label: Point
    label_anchor: str
    """SVG text-anchor: labels end at the left arm, start at the right one, and are centred on the elbow."""
    flow: Point
    """Inner edge of the cut to the next segment (for the last one: of its own end)."""
    flag: Point
    """Outer edge, a little towards the elbow: where a mark about the stage may sit."""
    start: float
    end: float


@dataclass(frozen=True)
class Picture:
    """A boomerang ready to draw: `segments` in travel order and the arc that throws it again."""

    size: Size
    segments: tuple[Segment, ...]
    arc: str
    arrow: str
    arc_middle: Point
    outline: str


class Curve:
    """The centre line of one size, with its half width, by arc length."""

    def __init__(self, size: Size) -> None:
        self.size = size
        reach = max(size.left, size.right)
        step = 2 * reach / TABLE_STEPS
        self._xs = [-reach + i * step for i in range(TABLE_STEPS + 1)]
        chords = (math.hypot(step, self._height(b) - self._height(a)) for a, b in pairwise(self._xs))
        lengths = [0.0, *accumulate(chords)]
        middle = lengths[TABLE_STEPS // 2]
        self._lengths = [length - middle for length in lengths]

    def _height(self, x: float) -> float:
        a = self.size.roundness
        return self.size.slope * (math.sqrt(a * a + x * x) - a)

    def _x_at(self, s: float) -> float:
        i = bisect.bisect_left(self._lengths, s)
        i = min(max(i, 1), TABLE_STEPS)
        s0, s1 = self._lengths[i - 1], self._lengths[i]
        return self._xs[i - 1] + (self._xs[i] - self._xs[i - 1]) * (s - s0) / (s1 - s0)

    def arm(self, s: float) -> float:
        """Length of the arm that `s` lies on."""
        return self.size.left if s < 0 else self.size.right

    def half_width(self, s: float) -> float:
        """Half the thickness at `s`: full at the elbow, `tip` of it near the end, then a round end."""
        size, arm = self.size, self.arm(s)
        distance = min(abs(s) / arm, 1.0)
        half = size.width / 2 * (1 - (1 - size.tip) * math.pow(distance, 1.3))
        to_end, radius = max(arm - abs(s), 0.0), 0.92 * half
        if to_end < radius:
            half *= math.pow(max(1 - math.pow((radius - to_end) / radius, 2.4), 0.0), 1 / 2.4)
        return half

    def at(self, s: float, offset: float = 0.0) -> Point:
        """The point `offset` units outside the centre line (negative: inside) at arc length `s`."""
        x = self._x_at(s)
        y, a = self._height(x), self.size.roundness
        slope = self.size.slope * x / math.sqrt(a * a + x * x)
        length = math.hypot(1, slope)
        x, y = x + offset * slope / length, y - offset / length
        cos, sin = math.cos(TILT), math.sin(TILT)
        cx, cy = self.size.apex
        angle = math.degrees(math.atan(slope) + TILT)
        return Point(cx + x * cos - y * sin, cy + x * sin + y * cos, angle)

    def samples(self, start: float, end: float) -> list[float]:
        """Arc lengths to draw between two cuts: even, and denser (quadratically) inside the round tips."""
        count = max(8, round(26 * (end - start) / (self.size.left + self.size.right) * 8))
        # Both ends by name: computed ones may fall outside by a rounding error and be lost.
        places = {start, end} | {start + (end - start) * i / count for i in range(1, count)}
        for tip, sign in ((-self.size.left, -1), (self.size.right, 1)):
            if start <= tip <= end:
                radius = 0.92 * self.size.width / 2 * self.size.tip
                steps = 26
                places |= {tip - sign * radius * (i / steps) ** 2 for i in range(steps + 1)}
        return sorted(s for s in places if start <= s <= end)


def cuts(size: Size) -> list[float]:
    """The nine arc lengths that bound the eight macro segments, left tip to right tip."""
    elbow = (size.left + size.right) * ELBOW_SHARE / 2
    left = [-size.left + (size.left - elbow) * i / 4 for i in range(5)]
    total = sum(RIGHT_WEIGHTS)
    right = [elbow + (size.right - elbow) * part / total for part in accumulate(RIGHT_WEIGHTS[:-1])]
    # The tips by name: a rounding error there would leave the round end half drawn.
    return [*left, elbow, *right, size.right]


@cache
def curve(name: str) -> Curve:
    """The centre line of a size by its name; raises KeyError for an unknown one."""
    return Curve(SIZES[name])


def _path(points: Iterable[Point], digits: int, *, close: bool = True) -> str:
    pairs: list[str] = []
    for point in points:
        pair = f"{round(point.x, digits):g} {round(point.y, digits):g}"
        if not pairs or pairs[-1] != pair:
            pairs.append(pair)
    return "M" + "L".join(pairs) + ("Z" if close else "")


def outline(name: str, start: float, end: float) -> str:
    """Closed path of the band between two arc lengths: outer edge forwards, inner edge back."""
    line = curve(name)
    places = line.samples(start, end)
    outer = [line.at(s, line.half_width(s)) for s in places]
    inner = [line.at(s, -line.half_width(s)) for s in reversed(places)]
    return _path(outer + inner, line.size.digits)


def _segment(name: str, key: str, macro: str, start: float, end: float) -> Segment:
    line = curve(name)
    size, half_gap = line.size, line.size.gap / 2
    inset_start = start if start <= -size.left else start + half_gap
    inset_end = end if end >= size.right else end - half_gap
    middle = (start + end) / 2
    # At the tips the optical middle is further in, because the round end takes away area.
    if start <= -size.left:
        middle += size.width * 0.06
    elif end >= size.right:
        middle -= size.width * 0.06
    phase = PHASE_OF[macro]
    anchor = {"demand": "end", "turnaround": "middle"}.get(phase, "start")
    towards_elbow = 0.25 * (end - start) * (-1 if middle > 0 else 1)
    return Segment(
        key=key,
        macro=macro,
        phase=phase,
        path=outline(name, inset_start, inset_end),
        centre=line.at(middle),
        label=line.at(middle, line.half_width(middle) + LABEL_DISTANCE),
        label_anchor=anchor,
        flow=line.at(end, -line.half_width(end - half_gap)),
        flag=line.at(middle + towards_elbow, line.half_width(middle + towards_elbow)),
        start=inset_start,
        end=inset_end,
    )


def _arc(name: str) -> tuple[str, str, Point]:
    """Flight arc from under the right tip, down, flat across and up to an arrowhead under the left tip."""
    line = curve(name)
    size, scale = line.size, line.size.box[0] / 774
    right, left = line.at(size.right), line.at(-size.left)
    from_x, from_y = right.x + 6 * scale, right.y + 44 * scale
    to_x, to_y = left.x - 8 * scale, left.y + 42 * scale
    floor = from_y + 134 * scale
    bend = 62 * scale
    number = f"%.{size.digits}f"

    def put(*values: float) -> str:
        return " ".join(number % value for value in values)

    down = put(from_x - 8 * scale, floor - bend * 0.5, from_x - 2 * bend, floor, from_x - 4 * bend, floor)
    up = put(to_x + bend, floor, to_x + 4 * scale, floor - bend * 0.35, to_x, to_y)
    path = f"M{put(from_x, from_y)}C{down}L{put(to_x + 3 * bend, floor)}C{up}"
    wing = 8 * scale if size.name == "page" else 5.5
    arrow = (
        f"M{put(to_x - wing, to_y + wing * 1.1)}L{put(to_x, to_y - 2 * scale)}L{put(to_x + wing, to_y + wing * 1.1)}"
    )
    return path, arrow, Point((from_x + to_x) / 2, floor)


@cache
def picture(name: str) -> Picture:
    """The eight macro stages drawn at a named size ("page", "phone", "header", "glyph", "logo")."""
    return split_picture(name, tuple((macro, (macro,)) for macro in MACRO_STAGES))


@cache
def split_picture(name: str, stages: tuple[tuple[str, tuple[str, ...]], ...]) -> Picture:
    """The boomerang with a workspace's own stages.

    `stages` gives each macro stage, in journey order, with the keys of the workspace's stages that map to
    it. A macro segment keeps its place and is shared equally by its stages; one without stages is drawn
    once under the macro's own name, so the silhouette is always whole.
    """
    given = dict(stages)
    unknown = set(given) - set(MACRO_STAGES)
    if unknown:
        raise ValueError(f"unknown macro stage: {', '.join(sorted(unknown))}")
    bounds = cuts(SIZES[name])
    segments: list[Segment] = []
    for macro, (start, end) in zip(MACRO_STAGES, pairwise(bounds), strict=True):
        keys: Sequence[str] = given.get(macro) or (macro,)
        step = (end - start) / len(keys)
        for i, key in enumerate(keys):
            last = end if i == len(keys) - 1 else start + step * (i + 1)
            segments.append(_segment(name, key, macro, start + step * i, last))
    arc, arrow, middle = _arc(name)
    whole = outline(name, bounds[0], bounds[-1])
    return Picture(SIZES[name], tuple(segments), arc, arrow, middle, whole)


@cache
def phase_outline(name: str, phase: str) -> str:
    """One outline for a whole phase: the logo has four pieces, not eight."""
    size = SIZES[name]
    bounds = cuts(size)
    places = [i for i, macro in enumerate(MACRO_STAGES) if PHASE_OF[macro] == phase]
    if not places:
        raise ValueError(f"unknown phase: {phase}")
    start, end = bounds[places[0]], bounds[places[-1] + 1]
    start += 0 if start <= -size.left else size.gap / 2
    end -= 0 if end >= size.right else size.gap / 2
    return outline(name, start, end)
