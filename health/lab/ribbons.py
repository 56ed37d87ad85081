"""The flows between bands as a drawing: bands on the left and on the right, ribbons between them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from health.lab.movement import BANDS, Flow

WIDTH, HEIGHT = 360.0, 280.0
_LEFT, _RIGHT, _BAR, _GAP, _LEAST, _NAME = 96.0, 264.0, 10.0, 8.0, 2.0, 30.0


@dataclass(frozen=True, slots=True)
class Block:
    """A band on one side; ``text_y`` is where its name stands."""

    band: str
    x: float
    y: float
    height: float
    text_y: float
    arr_minor: int
    customers: int


@dataclass(frozen=True, slots=True)
class Ribbon:
    """``path``: its outline. ``stays``: it goes nowhere else."""

    flow: Flow
    path: str
    stays: bool


@dataclass(frozen=True, slots=True)
class Drawing:
    """``by_arr``: heights are ARR; customers where nobody has any."""

    before: tuple[Block, ...]
    after: tuple[Block, ...]
    ribbons: tuple[Ribbon, ...]
    by_arr: bool


def draw(flows: Sequence[Flow]) -> Drawing:
    """Heights in proportion, each band at least a line high."""
    by_arr = any(flow.arr_minor > 0 for flow in flows)
    size = {flow: float(flow.arr_minor if by_arr else flow.customers) for flow in flows}
    whole = sum(size.values()) or 1.0
    # However the rest is shared out, the names of all bands fit.
    scale = (HEIGHT - _GAP * (len(BANDS) - 1) - _NAME * (len(BANDS) - 1)) / whole
    before = _blocks([(flow.before, flow) for flow in flows], size, scale, _LEFT)
    after = _blocks([(flow.after, flow) for flow in flows], size, scale, _RIGHT)
    left = {block.band: block.y for block in before}
    right = {block.band: block.y for block in after}
    ribbons = []
    for flow in flows:
        height = size[flow] * scale
        ribbons.append(Ribbon(flow, _outline(left[flow.before], right[flow.after], height), flow.before == flow.after))
        left[flow.before] += height
        right[flow.after] += height
    return Drawing(before, after, tuple(ribbons), by_arr)


def _blocks(flows: Sequence[tuple[str, Flow]], size: dict[Flow, float], scale: float, x: float) -> tuple[Block, ...]:
    blocks, y = [], 0.0
    for band in BANDS:
        mine = [flow for name, flow in flows if name == band]
        if not mine:
            continue
        height = max(_LEAST, sum(size[flow] for flow in mine) * scale)
        arr, customers = sum(flow.arr_minor for flow in mine), sum(flow.customers for flow in mine)
        blocks.append(Block(band, x, y, height, y + max(height, _NAME) / 2 - 2, arr, customers))
        y += max(height, _NAME) + _GAP
    return tuple(blocks)


def _outline(left: float, right: float, height: float) -> str:
    first, last, middle = _LEFT + _BAR, _RIGHT, (_LEFT + _BAR + _RIGHT) / 2
    low, end = left + height, right + height
    return (
        f"M{first:.1f} {left:.1f}C{middle:.1f} {left:.1f} {middle:.1f} {right:.1f} {last:.1f} {right:.1f}"
        f"V{end:.1f}C{middle:.1f} {end:.1f} {middle:.1f} {low:.1f} {first:.1f} {low:.1f}Z"
    )
