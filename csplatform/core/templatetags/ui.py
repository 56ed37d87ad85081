"""Domain-free template vocabulary: icons, bands, formats by locale, and the charts.

Charts answer with an SVG whose meaning is also in its title and description, or which is hidden from
assistive technology because the same figures stand in text or a table beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import groupby
from typing import Any

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext_lazy, ngettext, pgettext_lazy

from csplatform.core import charts, formats
from csplatform.core.icons import icon_path

register = template.Library()


def field(row: Any, name: str) -> Any:
    """A field of a row, be it a mapping or an object: template tags accept both, as templates do."""
    return row[name] if isinstance(row, Mapping) else getattr(row, name)


BAND_WORDS = {
    "healthy": pgettext_lazy("health band", "Healthy"),
    "watch": pgettext_lazy("health band", "Watch"),
    "at_risk": pgettext_lazy("health band", "At risk"),
    "unknown": pgettext_lazy("health band", "Unknown"),
    "not_applicable": gettext_lazy("Not applicable"),
}

BAND_CLASSES = {"healthy": "ok", "watch": "watch", "at_risk": "risk", "unknown": "unk"}
"""Band → the name of its colour token. A band that is not applicable has neither colour nor shape."""

BAND_SHAPES = {
    "healthy": '<circle cx="6" cy="6" r="5" fill="currentColor"/>',
    "watch": (
        '<path d="M6 .9 11.1 6 6 11.1.9 6z" fill="none" stroke="currentColor" stroke-width="1.6"'
        ' stroke-linejoin="round"/><path d="M6 .9V11.1L.9 6z" fill="currentColor"/>'
    ),
    "at_risk": '<path d="M6 .8 11.6 11H.4z" fill="currentColor"/>',
    "unknown": (
        '<circle cx="6" cy="6" r="4.7" fill="none" stroke="currentColor" stroke-width="1.5"'
        ' stroke-dasharray="2.6 2.3"/>'
    ),
}


@register.simple_tag
def icon(name: str, css: str = "") -> SafeString:
    """An icon, decorative: the words beside it or the control's label carry the meaning."""
    return format_html(
        '<svg class="icon {}" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true"><path d="{}"/></svg>',
        css,
        icon_path(name),
    )


@register.filter
def band_class(band: str | None) -> str:
    """Band → colour class ("ok", "watch", "risk", "unk"), empty where no band applies."""
    return BAND_CLASSES.get(band or "unknown", "")


@register.filter
def band_word(band: str | None) -> str:
    """Band → its word in the reader's language."""
    return str(BAND_WORDS.get(band or "unknown", BAND_WORDS["unknown"]))


@register.simple_tag
def band_shape(band: str | None) -> SafeString:
    """The band's shape alone, 12 px, for places where its word stands near."""
    shape = BAND_SHAPES.get(band or "unknown")
    if shape is None:
        return SafeString("")
    return format_html(
        '<svg class="shape {}" viewBox="0 0 12 12" width="12" height="12" aria-hidden="true">{}</svg>',
        band_class(band),
        SafeString(shape),
    )


@register.simple_tag
def band_mark(band: str | None) -> SafeString:
    """The band's shape without its own <svg>, to stand inside a chart (12 × 12 units, currentColor)."""
    return SafeString(BAND_SHAPES.get(band or "unknown", ""))


@register.simple_tag
def band(band: str | None) -> SafeString:
    """Shape and word together: colour never carries the meaning alone."""
    return format_html('<span class="band {}">{}{}</span>', band_class(band), band_shape(band), band_word(band))


@register.filter
def money(minor: int | None, currency: str) -> str:
    """Minor units and a currency → €214,000."""
    return formats.money(minor, currency, get_language())


@register.filter
def money_short(minor: int | None, currency: str) -> str:
    """Minor units and a currency → €214k."""
    return formats.money_short(minor, currency, get_language())


@register.filter
def number(value: Decimal | float | None, digits: int | None = None) -> str:
    """A number with the separators of the reader's language."""
    return formats.number(value, get_language(), digits=digits)


@register.filter
def percent(share: Decimal | float | None, digits: int = 0) -> str:
    """A share of 1 → a percentage."""
    return formats.percent(share, get_language(), digits=digits)


@register.filter
def basis_points(value: int | None, digits: int = 0) -> str:
    """Basis points (1/100 of a percent) → a percentage."""
    return formats.percent(None if value is None else Decimal(value) / 10_000, get_language(), digits=digits)


@register.filter
def percent_points(basis_points: int | None, digits: int = 0) -> str:
    """Basis points → the bare number of percent, for ranges such as "9 to 21 %"."""
    return formats.number(None if basis_points is None else Decimal(basis_points) / 100, get_language(), digits=digits)


@register.filter
def points(hundredths: int | None, digits: int = 0) -> str:
    """Points kept as hundredths → points, rounded down to `digits`: 74.60 is not yet the 75 of the next band."""
    return formats.number(_points(hundredths, digits, "ROUND_FLOOR"), get_language(), digits=digits)


@register.filter
def change(hundredths: int | None, digits: int = 0) -> str:
    """A change in hundredths of points, with its sign, rounded half up."""
    return formats.signed(_points(hundredths, digits, "ROUND_HALF_UP"), get_language(), digits=digits)


def _points(hundredths: int | None, digits: int, rounding: str) -> Decimal | None:
    if hundredths is None:
        return None
    value = (Decimal(hundredths) / 100).quantize(Decimal(1).scaleb(-digits), rounding=rounding)
    return value if value else Decimal(0)


@register.filter
def change_class(value: Decimal | float | None) -> str:
    """Colour class of a change: falling, rising, or neither."""
    if not value:
        return ""
    return "ok" if value > 0 else "risk"


@register.filter
def day(value: date | datetime | None, style: str = "medium") -> str:
    """A day by locale; a time is read in the active time zone. Styles as in `formats.day`."""
    if isinstance(value, datetime) and timezone.is_aware(value):
        value = timezone.localtime(value)
    return formats.day(value, get_language(), style)


@register.filter
def moment(value: datetime | None) -> str:
    """A day with its time to the minute, in the active time zone."""
    if value is None:
        return day(None)
    local = timezone.localtime(value) if timezone.is_aware(value) else value
    return f"{day(local)}, {local:%H:%M}"


@register.filter
def duration(seconds: int) -> str:
    """A rough length of time in words: under two minutes in seconds, under two hours in minutes, else hours."""
    if seconds < 120:
        return ngettext("%(n)d second", "%(n)d seconds", seconds) % {"n": seconds}
    minutes = round(seconds / 60)
    if minutes < 120:
        return ngettext("%(n)d minute", "%(n)d minutes", minutes) % {"n": minutes}
    hours = round(minutes / 60)
    return ngettext("%(n)d hour", "%(n)d hours", hours) % {"n": hours}


@register.filter
def initials(name: str | None) -> str:
    """Two letters for a person's mark: first letters of the first and last word."""
    words = (name or "").replace("@", " ").replace(".", " ").split()
    if not words:
        return "?"
    return (words[0][0] + (words[-1][0] if len(words) > 1 else words[0][1:2])).upper()


@register.inclusion_tag("components/chart_sparkline.html")
def sparkline(
    values: Sequence[int | None], band: str | None = None, low: int = 0, high: int = 10_000
) -> dict[str, Any]:
    """Scores in hundredths, oldest first; decorative, since the score and its change stand in the row."""
    return {"spark": charts.sparkline(list(values), low=low, high=high), "css": band_class(band)}


@register.inclusion_tag("components/chart_stack.html")
def stacked_bar(parts: Iterable[Any]) -> dict[str, Any]:
    """Parts (`band`, `value`) of a whole as one bar; the figures stand below it in the portfolio strip."""
    rows = list(parts)
    shares = charts.stack([field(row, "value") for row in rows])
    return {
        "pieces": [
            {"css": band_class(field(row, "band")), "share": share} for row, share in zip(rows, shares, strict=True)
        ]
    }


@register.inclusion_tag("components/chart_driver.html")
def driver_bar(points: int, max_points: int, change: int | None, scale: int) -> dict[str, Any]:
    """Bar of one driver; all figures in hundredths of points, `scale` the largest maximum on the page."""
    return {"bar": charts.driver_bar(points=points, maximum=max_points, change=change or 0, scale=scale)}


@register.inclusion_tag("components/chart_risk.html")
def risk_bar(risk: int, low: int, high: int) -> dict[str, Any]:
    """Churn risk with its interval, in basis points; the scale ends at 40 % or at the next tenth above."""
    top = max(4000, -(-high // 1000) * 1000)
    scale = charts.Scale(0, top, 0, 100)
    return {
        "point": round(scale(risk), 2),
        "low": round(scale(low), 2),
        "span": round(scale(high) - scale(low), 2),
        "top": formats.percent(Decimal(top) / 10_000, get_language()),
    }


def revision_of(snapshot: Any) -> int | None:
    """What late data would have made of a day, where a row says so."""
    found = snapshot.get("revised") if isinstance(snapshot, Mapping) else getattr(snapshot, "revised", None)
    return None if found is None else int(found)


HISTORY_HEIGHT = 180
HISTORY_TOP = 8


@register.inclusion_tag("components/chart_history.html")
def history_chart(
    snapshots: Sequence[Any],
    thresholds: Sequence[tuple[str, int]] = (("at_risk", 0), ("watch", 4500), ("healthy", 7000)),
    marks: Sequence[Any] = (),
) -> dict[str, Any]:
    """Score over time over its bands.

    `snapshots`: oldest first, each with `as_of` (date), `points` (hundredths or None), `band`, and where late data
    would have changed the day `revised` (hundredths). A day without a score breaks the line.
    `thresholds`: band and the hundredths from which it applies, rising.
    `marks`: what was decided, oldest first, each with `day` and `what` (a sentence); the page has an element with the
    id "mark-" and the day for each.
    """
    if not snapshots:
        return {"empty": True}
    days = [field(s, "as_of") for s in snapshots]
    first, last = days[0], days[-1]
    x, y = charts.day_scale(first, last), charts.Scale(0, 10_000, HISTORY_HEIGHT, HISTORY_TOP)
    scores = [field(s, "points") for s in snapshots]
    points = [
        (x(day.toordinal()), None if score is None else y(score)) for day, score in zip(days, scores, strict=True)
    ]
    edges = [*(edge for _, edge in thresholds), 10_000]
    bands = [
        {"band": name, "y": round(y(high), 1), "height": round(y(low) - y(high), 1), "from": low // 100}
        for (name, low), high in zip(thresholds, edges[1:], strict=True)
    ]
    known = [(px, py) for px, py in points if py is not None]
    late = [(day, revision_of(s)) for day, s in zip(days, snapshots, strict=True)]
    latest = known[-1] if known else None
    ticks = charts.month_ticks(first, last, most=6)
    return {
        "empty": not known,
        "bands": bands,
        "paths": charts.line_paths(points),
        "height": HISTORY_HEIGHT,
        "ticks": [{"x": round(x(t.toordinal()), 2), "day": t} for t in ticks if 4 < x(t.toordinal()) < 94],
        "revised": [
            {"x": round(x(day.toordinal()), 2), "y": round(y(score), 1), "day": day}
            for day, score in late
            if score is not None
        ],
        "latest": latest and {"x": round(latest[0], 2), "y": round(latest[1], 1)},
        "marks": [
            {"x": round(x(day.toordinal()), 2), "day": day, "what": [str(field(mark, "what")) for mark in decided]}
            for day, decided in groupby(marks, key=lambda mark: field(mark, "day"))
        ],
        "first": first,
        "last": last,
    }


TIMELINE_FLOOR = 128


@register.inclusion_tag("components/chart_renewals.html")
def renewal_chart(renewals: Sequence[Any], today: date, until: date, currency: str) -> dict[str, Any]:
    """Renewals on a line of notice deadlines; height grows with the root of ARR.

    Each renewal has `name`, `url`, `deadline` (date), `arr_minor`, `band`. The largest that are not
    healthy are named; all are links and stand in the list behind the chart.
    """
    x = charts.day_scale(today, until, 1.5, 98.5)
    rows = [{name: field(r, name) for name in ("name", "url", "deadline", "arr_minor", "band")} for r in renewals]
    largest = max((row["arr_minor"] for row in rows), default=0)
    rows.sort(key=lambda row: (row["band"] == "healthy", -row["arr_minor"]))
    heads = [
        (
            round(x(row["deadline"].toordinal()), 2),
            round(TIMELINE_FLOOR - charts.root_height(row["arr_minor"], largest, tallest=110, shortest=14), 1),
        )
        for row in rows
    ]
    labels = [f"{row['name']} {formats.money_short(row['arr_minor'], currency, get_language())}" for row in rows]
    # 1.12 percent a letter: the width of the label's type on the narrowest screen that shows labels.
    sides = charts.place_labels(heads, widths=[len(label) * 1.12 for label in labels], keep=4)
    marks = [
        {
            "row": row,
            "x": head[0],
            "y": head[1],
            "css": band_class(row["band"]),
            "label": label,
            "side": "" if row["band"] == "healthy" else side,
        }
        for row, head, label, side in zip(rows, heads, labels, sides, strict=True)
    ]
    ticks = [(round(x(t.toordinal()), 2), t) for t in charts.month_ticks(today, until, most=7)]
    return {
        # Healthy ones lie under the others where marks meet.
        "marks": sorted(marks, key=lambda mark: (mark["row"]["band"] != "healthy", mark["row"]["deadline"])),
        "ticks": [{"x": place, "day": t} for place, t in ticks if place > 12],
        "floor": TIMELINE_FLOOR,
        "start": x(today.toordinal()),
        "currency": currency,
    }
