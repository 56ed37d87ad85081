"""The boomerang in templates: logo, list glyphs, customer header and the page picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import pgettext_lazy

from csplatform.core.templatetags.ui import field
from journeys import boomerang as geometry

register = template.Library()

PHASES = ("demand", "turnaround", "expand", "boomerang")

PHASE_WORDS = {
    "demand": pgettext_lazy("phase", "Demand"),
    "turnaround": pgettext_lazy("phase", "Turnaround"),
    "expand": pgettext_lazy("phase", "Expand"),
    "boomerang": pgettext_lazy("phase", "Boomerang"),
}


@register.filter
def phase_of(macro: str) -> str:
    """Macro stage → phase, for the class `phase-…` that colours what belongs to it; empty when unknown."""
    return geometry.PHASE_OF.get(macro, "")


@register.filter
def phase_word(phase: str) -> str:
    """Phase → its name in the reader's language."""
    return str(PHASE_WORDS.get(phase, ""))


@register.simple_tag
def phases() -> list[dict[str, str]]:
    """The four phases in order, for a legend."""
    return [{"key": key, "name": str(PHASE_WORDS[key])} for key in PHASES]


@register.simple_tag
def logo(width: int = 30) -> SafeString:
    """The mark, decorative: the product's name stands beside it."""
    box = geometry.SIZES["logo"].box
    return format_html(
        '<svg class="logo" viewBox="0 0 {} {}" width="{}" height="{}" aria-hidden="true">{}</svg>',
        *box,
        width,
        round(width * box[1] / box[0]),
        format_html_join(
            "",
            '<path class="phase-{}" d="{}"/>',
            ((phase, geometry.phase_outline("logo", phase)) for phase in PHASES),
        ),
    )


@register.simple_tag
def glyph_symbols() -> SafeString:
    """The eight list glyphs as symbols, once on a page that uses `stage_glyph`.

    All eight pieces stay visible, so that neighbouring stages can be told apart by counting: passed ones
    pale, the current one solid, the rest in the track's colour.
    """
    pieces = geometry.picture("glyph").segments
    width, height = geometry.SIZES["glyph"].box

    def symbol(current: int) -> tuple[str, float, float, SafeString]:
        paths = format_html_join(
            "",
            '<use class="glyph-{}" href="#piece-{}"/>',
            (
                ("now" if i == current else "passed" if i < current else "track", piece.key)
                for i, piece in enumerate(pieces)
            ),
        )
        return pieces[current].key, width, height, paths

    return format_html(
        '<svg class="sr-only" aria-hidden="true" width="0" height="0"><defs>{}</defs>{}</svg>',
        format_html_join("", '<path id="piece-{}" d="{}"/>', ((piece.key, piece.path) for piece in pieces)),
        format_html_join(
            "", '<symbol id="glyph-{}" viewBox="0 0 {} {}">{}</symbol>', (symbol(i) for i in range(len(pieces)))
        ),
    )


@register.simple_tag
def stage_glyph(macro: str) -> SafeString:
    """Where a customer is, 36 × 24 px; the stage's name stands beside it. Nothing for a customer without stage."""
    if macro not in geometry.PHASE_OF:
        return SafeString("")
    width, height = geometry.SIZES["glyph"].box
    return format_html(
        '<svg class="glyph phase-{}" width="{}" height="{}" aria-hidden="true"><use href="#glyph-{}"/></svg>',
        geometry.PHASE_OF[macro],
        width,
        height,
        macro,
    )


@register.inclusion_tag("journeys/_header_boomerang.html")
def stage_header(macro: str) -> dict[str, Any]:
    """The boomerang of the customer header: passed stages pale in their phase's colour, the current one solid."""
    pieces = geometry.picture("header").segments
    current = next((i for i, piece in enumerate(pieces) if piece.macro == macro), None)
    states = (
        ("now" if i == current else "passed" if current is not None and i < current else "") for i in range(len(pieces))
    )
    return {
        "size": geometry.SIZES["header"],
        "pieces": list(zip(pieces, states, strict=True)),
        "dot": None if current is None else pieces[current].centre,
    }


@register.inclusion_tag("journeys/_picture.html")
def boomerang_picture(stages: Sequence[Any], currency: str, size: str = "page", selected: str = "") -> dict[str, Any]:
    """The page picture: each stage a link with its customers and ARR.

    `stages`: the workspace's stages in order, each with `key`, `name`, `macro`, `customers`, `arr_minor`, `url` and
    optionally `note` (a short second line). The same figures must stand in a list beside the picture: its
    links are for pointers only and hidden from assistive technology.
    """
    by_macro: dict[str, list[Any]] = {macro: [] for macro in geometry.MACRO_STAGES}
    for stage in stages:
        by_macro[field(stage, "macro")].append(stage)
    drawing = geometry.split_picture(
        size, tuple((macro, tuple(field(stage, "key") for stage in group)) for macro, group in by_macro.items())
    )
    known = {field(stage, "key"): stage for stage in stages}
    scale = drawing.size.box[0]
    pieces = [
        {
            "piece": piece,
            "stage": known.get(piece.key),
            "selected": bool(selected) and piece.key == selected,
            # A stage's second line needs room along the arm, or it would run into its neighbour's.
            "roomy": piece.end - piece.start > 0.075 * scale,
        }
        for piece in drawing.segments
    ]
    return {
        "drawing": drawing,
        # The chosen one is drawn last: its ring lies on its neighbours.
        "pieces": sorted(pieces, key=lambda item: bool(item["selected"])),
        "currency": currency,
        "labels": size == "page",
        "height": drawing.size.box[1] + (2 if size == "page" else 18),
    }
