"""What the editor of a scorecard shows: the rows of its form, what the weights come to, and each curve as a drawing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.core.exceptions import ValidationError

from csplatform.core.charts import Scale, line_paths
from health import card_form, scoring
from health.card_form import LANGUAGES, Typed
from health.card_words import Content, differences, label_of
from health.models import HealthScore, Measure, Scorecard, ScorecardDraft, ScorecardVersion
from health.services import definitions, drafts

SAMPLE = 2_000
BARS = 20
HEIGHT = 40.0
Errors = Mapping[str, list[str]]


@dataclass(frozen=True, slots=True)
class Preview:
    """One measure: its share of all weights (None while they come to nothing), curve and distribution as drawn."""

    label: str
    share: float | None
    path: str
    bars: list[tuple[float, float, float, float]]
    low: float
    high: float


def checked(card: Scorecard, content: Mapping[str, Any]) -> tuple[dict[str, Any] | None, dict[str, list[str]]]:
    """The content as it would be published, or None and why not, by field."""
    try:
        return definitions.content_of(card, drafts.as_draft(content)), {}
    except ValidationError as error:
        return None, {name: list(texts) for name, texts in error.message_dict.items()}


@dataclass(frozen=True, slots=True)
class Conflict:
    """What was typed against what somebody else saved meanwhile (None: the draft is gone), one sentence a thing."""

    draft: ScorecardDraft | None
    differences: list[str]


def conflict(draft: ScorecardDraft | None, version: ScorecardVersion | None, typed: Content) -> Conflict:
    """``typed`` beside the draft as it is now or, where it was published or discarded, the version in force."""
    labels = {measure.key: measure.label for measure in Measure.objects.only("key", "label")}
    theirs = draft.content if draft else drafts.told_of(version.content) if version else typed
    return Conflict(draft, differences(_named(theirs, labels), _named(typed, labels)))


def _named(content: Content, labels: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    """A draft's content in the shape of a published one, with a key for a name where the measure is gone."""
    items = [
        {**item, "definition": None, "label": labels.get(item["measure"], {"en": item["measure"]})}
        for item in content["items"]
    ]
    return {**content, "items": items}


def previews(content: Mapping[str, Any] | None, present: ScorecardVersion | None) -> list[Preview]:
    """Every measure of a content that could be published; ``present`` names whose values are drawn behind."""
    if content is None:
        return []
    card = scoring.parse_card(content)
    together = sum(item.weight for item in card.items)
    values = present_values(present)
    return [_preview(item, item.weight / together, values.get(item.key)) for item in card.items]


def present_values(version: ScorecardVersion | None) -> dict[str, Any]:
    """By measure, the values of up to ``SAMPLE`` customers that ``version`` scored, without those that have none."""
    if version is None:
        return {}
    rows = list(HealthScore.objects.filter(scorecard_version=version).values_list("values", flat=True)[:SAMPLE])
    if not rows:
        return {}
    table = np.array(rows, dtype=np.float64)
    keys = [item["measure"] for item in version.content["items"]]
    return {key: table[:, n][~np.isnan(table[:, n])] for n, key in enumerate(keys)}


def _preview(item: scoring.Item, share: float, values: Any) -> Preview:
    xs = [x for x, _ in item.curve]
    low, high = min(xs), max(xs)
    if values is not None and len(values):
        # A few customers far out would flatten the curve that matters.
        low, high = min(low, float(np.percentile(values, 2))), max(high, float(np.percentile(values, 98)))
    if low == high:
        low, high = low - 1, high + 1
    across, down = Scale(low, high, 0, 100), Scale(0, 1, HEIGHT, 0)
    at = np.linspace(low, high, 101)
    drawn = scoring.share(item.curve, at, item.scoring)
    (path,) = line_paths([(across(float(x)), down(float(y))) for x, y in zip(at, drawn, strict=True)])
    return Preview(label_of(item.label), share, path, _bars(values, low, high), low, high)


def _bars(values: Any, low: float, high: float) -> list[tuple[float, float, float, float]]:
    if values is None or not len(values):
        return []
    counts, _edges = np.histogram(np.clip(values, low, high), bins=BARS, range=(low, high))
    width = 100 / BARS
    tall = Scale(0, float(counts.max()), 0, HEIGHT)
    return [(n * width, HEIGHT - tall(float(c)), width * 0.9, tall(float(c))) for n, c in enumerate(counts) if c]


def rows(typed: Typed, errors: Errors) -> dict[str, Any]:
    """The form's rows as typed, each with what is wrong with it, and one spare row of each kind."""
    groups = [_group(typed, errors, n) for n in _with_spare(typed, "g", "-label-en")]
    return {
        "groups": groups,
        "group_choices": [(row["key"], row["name"]) for row in groups if row["key"]],
        "items": [_item(typed, errors, n) for n in _with_spare(typed, "i", "-measure")],
        "exceptions": [_exception(typed, errors, n) for n in _with_spare(typed, "e", "-measure")],
        "edges": {name: typed.get(name, "") for name in ("healthy", "watch", "min_coverage")},
        "errors": {name.replace(".", "_"): texts for name, texts in errors.items() if "." not in name},
        "measures": [(measure.key, label_of(measure.label)) for measure in Measure.objects.order_by("key")],
    }


def _with_spare(typed: Typed, prefix: str, first: str) -> list[int]:
    used = list(card_form.numbers(typed, prefix, first))
    return [*used, max(used, default=-1) + 1]


def _told(errors: Errors, path: str) -> list[str]:
    return [text for name, texts in errors.items() if name == path or name.startswith(f"{path}.") for text in texts]


def _group(typed: Typed, errors: Errors, n: int) -> dict[str, Any]:
    labels = _labels(typed, f"g{n}")
    return {
        "n": n,
        "key": typed.get(f"g{n}-key", ""),
        "labels": labels,
        "name": label_of({each["code"]: each["text"] for each in labels if each["text"]}),
        "weight": typed.get(f"g{n}-weight", ""),
        "errors": _told(errors, f"groups.{n}"),
    }


def _item(typed: Typed, errors: Errors, n: int) -> dict[str, Any]:
    count = card_form.points(typed, n)
    curve = [
        {"m": m, "x": typed.get(f"i{n}-x{m}", ""), "y": typed.get(f"i{n}-y{m}", "")}
        for m in range(count + card_form.SPARE_POINTS)
    ]
    return {
        "n": n,
        **{name: typed.get(f"i{n}-{name}", "") for name in ("measure", "group", "weight", "scoring")},
        "curve": curve,
        "errors": _told(errors, f"items.{n}"),
    }


def _exception(typed: Typed, errors: Errors, n: int) -> dict[str, Any]:
    return {
        "n": n,
        **{name: typed.get(f"e{n}-{name}", "") for name in ("key", "measure", "op", "value", "cap")},
        "labels": _labels(typed, f"e{n}"),
        "errors": _told(errors, f"exceptions.{n}"),
    }


def _labels(typed: Typed, row: str) -> list[dict[str, str]]:
    return [{"code": code, "text": typed.get(f"{row}-label-{code}", "")} for code in LANGUAGES]
