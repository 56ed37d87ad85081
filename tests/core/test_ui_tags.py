"""The template vocabulary: meaning in words and shapes, no inline styles, errors that name the culprit."""

from __future__ import annotations

import gzip
import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.template import Context, Template
from django.utils import timezone, translation

from csplatform.core.icons import STROKED, icon_path

ROOT = Path(__file__).parents[2]


def render(source: str, **context: Any) -> str:
    return Template("{% load ui boomerang %}" + source).render(Context(context))


@dataclass
class Snapshot:
    as_of: date
    points: int | None
    band: str = "watch"
    coverage: float = 1.0


@dataclass
class Renewal:
    name: str
    deadline: date
    arr_minor: int
    band: str
    url: str = "/customers/1/"


@pytest.mark.parametrize("band", ["healthy", "watch", "at_risk", "unknown"])
def test_a_band_is_a_shape_and_a_word_not_only_a_colour(band: str) -> None:
    html = render("{% band band %}", band=band)
    assert "<svg" in html
    assert {"healthy": "Healthy", "watch": "Watch", "at_risk": "At risk", "unknown": "Unknown"}[band] in html


def test_before_the_contract_there_is_a_word_but_neither_shape_nor_colour() -> None:
    html = render("{% band 'not_applicable' %}")
    assert "Not applicable" in html
    assert "<svg" not in html


def test_a_missing_score_is_unknown_and_never_zero_or_green() -> None:
    html = render("{% band None %}{{ none|points }}{{ none|money:'EUR' }}{{ none|basis_points }}", none=None)
    assert "Unknown" in html
    assert "0" not in html.split("</span>")[-1]


@pytest.mark.parametrize(
    ("hundredths", "digits", "text"),
    [(5833, 0, "58"), (5899, 0, "58"), (5833, 2, "58.33"), (0, 0, "0"), (10_000, 0, "100")],
)
def test_points_are_written_from_hundredths(hundredths: int, digits: int, text: str) -> None:
    assert render("{{ p|points:d }}", p=hundredths, d=digits) == text


def test_a_change_that_rounds_to_nothing_has_no_sign() -> None:
    assert [render("{{ c|change }}", c=value) for value in (-1204, 200, 0, -40)] == ["−12", "+2", "0", "0"]


def test_days_are_read_in_the_active_time_zone() -> None:
    late = datetime(2026, 6, 9, 23, 30, tzinfo=timezone.get_fixed_timezone(0))
    with timezone.override(timezone.get_fixed_timezone(120)):
        assert render("{{ d|day:'short' }}", d=late) == "10 Jun"
        assert render("{{ d|moment }}", d=late) == "10 Jun 2026, 01:30"
    assert render("{{ d|moment }}", d=None) == render("{{ d|day }}", d=None)


def test_a_picture_speaks_the_reader_s_language() -> None:
    with translation.override("de"):
        assert render("{{ 21450|money:'EUR' }}").replace("\xa0", " ") == "214,50 €"


def test_an_icon_that_does_not_exist_fails_with_its_name() -> None:
    with pytest.raises(KeyError, match="spaceship"):
        icon_path("spaceship")


def test_every_icon_is_hidden_from_assistive_technology() -> None:
    for name in STROKED:
        assert 'aria-hidden="true"' in render("{% icon name %}", name=name)


def test_the_history_breaks_where_no_score_is_known_and_says_when_there_is_none() -> None:
    start = date(2026, 1, 1)
    points = [5000, 5100, None, 5200, 5300]
    snapshots = [Snapshot(start + timedelta(days=7 * i), p) for i, p in enumerate(points)]
    html = render("{% history_chart snapshots %}", snapshots=snapshots)
    assert html.count('class="line"') == 2
    assert 'role="img"' in html
    assert "No score" in render("{% history_chart snapshots %}", snapshots=[])
    assert "No score" in render("{% history_chart s %}", s=[Snapshot(start, None)])


def test_one_snapshot_is_enough_for_a_history() -> None:
    html = render("{% history_chart snapshots %}", snapshots=[Snapshot(date(2026, 1, 1), 5000)])
    assert 'cx="50.00%"' in html


def test_every_renewal_is_a_link_with_its_figures() -> None:
    today = date(2026, 6, 16)
    rows = [
        Renewal("Small & Sons", today + timedelta(days=20), 940_000, "at_risk"),
        Renewal("Large", today + timedelta(days=60), 21_400_000, "healthy"),
    ]
    html = render("{% renewal_chart r t u 'EUR' %}", r=rows, t=today, u=today + timedelta(days=180))
    assert html.count("<a ") == 2
    assert "Small &amp; Sons" in html
    assert "€9.4k" in html


def test_the_risk_scale_grows_when_the_interval_leaves_it() -> None:
    assert "40" in render("{% risk_bar 1400 900 2100 %}")
    assert "70" in render("{% risk_bar 5000 3000 6150 %}")


@pytest.mark.parametrize("macro", ["awareness", "adoption", "advocacy"])
def test_a_glyph_refers_to_its_symbol_and_a_missing_stage_draws_nothing(macro: str) -> None:
    assert f'id="glyph-{macro}"' in render("{% glyph_symbols %}")
    assert f'href="#glyph-{macro}"' in render("{% stage_glyph m %}", m=macro)
    assert render("{% stage_glyph '' %}") == ""


def test_the_picture_links_every_stage_of_the_workspace() -> None:
    stages = [
        {"key": "new", "name": "New <b>", "macro": "awareness", "customers": 1234, "arr_minor": 100, "url": "/?s=new"},
        {"key": "live", "name": "Live", "macro": "adoption", "customers": 7, "arr_minor": 0, "url": "/?s=live"},
    ]
    html = render("{% boomerang_picture stages 'EUR' 'page' 'live' %}", stages=stages)
    assert html.count("<a ") == 2
    assert html.count('class="piece"') == 8
    assert "1,234" in html
    assert "New &lt;b&gt;" in html
    assert html.count('class="ring"') == 1


def test_no_template_carries_inline_styles_or_scripts_that_the_policy_forbids() -> None:
    for path in sorted((ROOT / "templates").rglob("*.html")):
        text = path.read_text()
        # Mail programs know no style sheets, and no page's policy.
        assert ' style="' not in text or path.parent.name == "mail", path
        assert "<style" not in text, path
        assert "onclick=" not in text, path
        assert "<script>" not in text, path


def test_no_asset_asks_another_host_for_anything() -> None:
    for path in [*(ROOT / "static").rglob("*.css"), *(ROOT / "static").rglob("*.js")]:
        text = path.read_text()
        assert "http://" not in text, path
        assert "https://" not in text, path
        assert "@import" not in text, path


def assets(template: str, through: frozenset[str] = frozenset()) -> set[str]:
    """The style sheets, scripts and pictures of ours a page names, with those of what it extends and includes."""
    path = ROOT / "templates" / template
    source = path.read_text() if path.exists() else ""
    found = set(re.findall(r"{% static ['\"](.+?\.(?:css|js|svg))['\"]", source))
    for other in re.findall(r"{% (?:extends|include) ['\"](.+?)['\"]", source):
        if other not in through:  # a package's page of the same name, or a part that includes itself
            found |= assets(other, through | {template, other})
    return found


@pytest.mark.parametrize(
    "template",
    [str(path.relative_to(ROOT / "templates")) for path in sorted((ROOT / "templates").rglob("*.html"))],
)
def test_what_a_page_brings_along_is_small(template: str) -> None:
    """Bytes as they go over the wire; a first view may take 150 KB, its own text and htmx included."""
    found = [path for name in assets(template) if (path := ROOT / "static" / name).exists()]
    assert sum(len(gzip.compress(path.read_bytes(), 9)) for path in found) < 30_000
