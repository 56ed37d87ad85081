"""The boomerang as drawn: eight whole pieces in order, evenly thick, with gaps between them."""

from __future__ import annotations

import math
import re
from itertools import pairwise

import pytest

from journeys import boomerang
from journeys.models import PHASE_OF as MODEL_PHASES
from journeys.models import Macro

SIZES = sorted(boomerang.SIZES)
NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


def corners(path: str) -> list[tuple[float, float]]:
    numbers = [float(n) for n in NUMBER.findall(path)]
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def test_stages_and_phases_are_those_of_the_model() -> None:
    assert list(Macro.values) == list(boomerang.MACRO_STAGES)
    assert {macro.value: phase.value for macro, phase in MODEL_PHASES.items()} == dict(boomerang.PHASE_OF)


@pytest.mark.parametrize("name", SIZES)
def test_eight_closed_pieces_in_travel_order(name: str) -> None:
    pieces = boomerang.picture(name).segments
    assert [piece.macro for piece in pieces] == list(boomerang.MACRO_STAGES)
    for piece in pieces:
        assert piece.path.startswith("M")
        assert piece.path.endswith("Z")
        assert "nan" not in piece.path
    assert all(a.end < b.start for a, b in pairwise(pieces))


@pytest.mark.parametrize("name", SIZES)
def test_gaps_between_pieces_have_the_size_s_width(name: str) -> None:
    size = boomerang.SIZES[name]
    pieces = boomerang.picture(name).segments
    for before, after in pairwise(pieces):
        assert after.start - before.end == pytest.approx(size.gap)
    assert pieces[0].start == -size.left
    assert pieces[-1].end == size.right


@pytest.mark.parametrize("name", SIZES)
def test_the_elbow_is_adoption_and_holds_its_share_of_the_length(name: str) -> None:
    size = boomerang.SIZES[name]
    bounds = boomerang.cuts(size)
    elbow = bounds[5] - bounds[4]
    assert elbow / (size.left + size.right) == pytest.approx(0.155, abs=0.001)
    assert bounds[4] == pytest.approx(-bounds[5])
    left = {round(b - a, 6) for a, b in pairwise(bounds[:5])}
    assert len(left) == 1


@pytest.mark.parametrize("name", SIZES)
def test_it_is_thickest_at_the_elbow_and_thins_evenly_towards_both_tips(name: str) -> None:
    size, line = boomerang.SIZES[name], boomerang.curve(name)
    assert line.half_width(0) == pytest.approx(size.width / 2)
    for share in (0.1, 0.3, 0.5, 0.7):
        assert line.half_width(-share * size.left) == pytest.approx(line.half_width(share * size.right))
        assert line.half_width(share * size.right) < line.half_width((share - 0.1) * size.right)
    assert line.half_width(size.right) == pytest.approx(0, abs=1e-6)
    assert line.half_width(-size.left) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("name", SIZES)
def test_both_edges_lie_half_a_width_from_the_centre_line(name: str) -> None:
    size, line = boomerang.SIZES[name], boomerang.curve(name)
    for s in (-0.6 * size.left, -0.2 * size.left, 0.0, 0.2 * size.right, 0.6 * size.right):
        half = line.half_width(s)
        middle, outer, inner = line.at(s), line.at(s, half), line.at(s, -half)
        assert math.dist((middle.x, middle.y), (outer.x, outer.y)) == pytest.approx(half)
        assert math.dist((outer.x, outer.y), (inner.x, inner.y)) == pytest.approx(2 * half)


@pytest.mark.parametrize("name", SIZES)
def test_arc_lengths_are_true_distances_along_the_curve(name: str) -> None:
    line = boomerang.curve(name)
    length = 0.6 * line.size.right
    steps = [line.at(length * i / 400) for i in range(401)]
    walked = sum(math.dist((a.x, a.y), (b.x, b.y)) for a, b in pairwise(steps))
    assert walked == pytest.approx(length, rel=1e-3)


@pytest.mark.parametrize("name", SIZES)
def test_the_right_tip_ends_higher_than_the_left_one_began(name: str) -> None:
    size, line = boomerang.SIZES[name], boomerang.curve(name)
    reach = min(size.left, size.right)
    assert line.at(reach).y < line.at(-reach).y


@pytest.mark.parametrize("name", SIZES)
def test_the_silhouette_stays_inside_its_box(name: str) -> None:
    size = boomerang.SIZES[name]
    for x, y in corners(boomerang.picture(name).outline):
        assert 0 <= x <= size.box[0]
        assert 0 <= y <= size.box[1]


@pytest.mark.parametrize("name", ["page", "phone"])
def test_text_anchors_lie_where_the_text_belongs(name: str) -> None:
    size = boomerang.SIZES[name]
    for piece in boomerang.picture(name).segments:
        line, middle = boomerang.curve(name), (piece.start + piece.end) / 2
        away = math.dist((piece.label.x, piece.label.y), (line.at(middle).x, line.at(middle).y))
        assert away > line.half_width(middle)
        assert 0 <= piece.centre.x <= size.box[0]
    anchors = [piece.label_anchor for piece in boomerang.picture(name).segments]
    assert anchors == ["end"] * 4 + ["middle"] + ["start"] * 3


def test_coordinates_are_rounded_so_that_the_picture_stays_small() -> None:
    page = boomerang.picture("page")
    assert sum(len(piece.path) for piece in page.segments) < 8_000
    for piece in page.segments:
        assert all(len(number.partition(".")[2]) <= 1 for number in NUMBER.findall(piece.path))


def test_own_stages_share_their_macro_segment_and_move_nobody_else() -> None:
    whole = boomerang.picture("page").segments
    split = boomerang.split_picture(
        "page", (("adoption", ("kick-off", "roll-out", "first-value")), ("trial", ("proof",)))
    ).segments
    assert [piece.key for piece in split][2:8] == [
        "proof",
        "decision",
        "kick-off",
        "roll-out",
        "first-value",
        "performance",
    ]
    parts = [piece for piece in split if piece.macro == "adoption"]
    adoption = next(piece for piece in whole if piece.macro == "adoption")
    assert parts[0].start == pytest.approx(adoption.start)
    assert parts[-1].end == pytest.approx(adoption.end)
    lengths = [piece.end - piece.start for piece in parts]
    assert max(lengths) == pytest.approx(min(lengths))
    others = {piece.key: piece.path for piece in split if piece.macro not in ("adoption", "trial")}
    assert others == {piece.key: piece.path for piece in whole if piece.macro not in ("adoption", "trial")}


def test_a_stage_of_no_macro_stage_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="orbit"):
        boomerang.split_picture("page", (("orbit", ("a",)),))
    with pytest.raises(ValueError, match="orbit"):
        boomerang.phase_outline("logo", "orbit")


def test_each_piece_of_the_logo_is_one_phase_and_the_favicon_is_the_logo() -> None:
    from pathlib import Path

    favicon = (Path(__file__).parents[2] / "static" / "img" / "favicon.svg").read_text()
    for phase in ("demand", "turnaround", "expand", "boomerang"):
        assert boomerang.phase_outline("logo", phase) in favicon
