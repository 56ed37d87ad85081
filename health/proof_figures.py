"""What a ranking was worth, as the pages of proofs draw and list it: one shape for models and for scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from health import proof_charts, proof_words
from health.services import churn_proofs

MODEL, SCORE = "model", "score"
_BESIDE = ("rules", "naive", "renewal_only")


def figures(details: Mapping[str, Any], main: str) -> dict[str, Any]:
    """The context of ``health/_proof_figures.html`` and ``_proof_lists.html``.

    ``details``: what ``health.churn.details.describe`` told, with customers by id. ``main``: whose ranking it is.
    """
    names = churn_proofs.names_of(details)
    order = (main, *_BESIDE)
    capacity = details.get("at_capacity", {})
    return {
        "is_score": main == SCORE,
        "charts": _charts(details, main),
        "reliability": [{**row, "score": 100 * (1 - row["told"])} for row in details.get("reliability", [])],
        "at_days": [_at_days(row, order) for row in details.get("at_days", [])],
        "capacity": details.get("capacity", {}).get("customers"),
        "at_capacity": [{"name": proof_words.name_of(key), **capacity[key]} for key in order if key in capacity],
        "segments": [
            {"beside": dict.fromkeys(_BESIDE), **row, "label": _segment(row)}
            for row in _telling(details.get("segments", []))
        ],
        "missed": [_line(row, names) for row in details.get("missed", [])],
        "false_alarms": [_line(row, names) for row in details.get("false_alarms", [])],
    }


def on_day(text: str | None) -> date | None:
    """A stored day."""
    return date.fromisoformat(text) if text else None


def _charts(details: Mapping[str, Any], main: str) -> list[dict[str, Any]]:
    if not details or not details["roc"].get(main):
        return []
    drawn = (main, "rules")
    legend = [(key, proof_words.name_of(key)) for key in (*drawn, "chance")]
    return [
        {
            "key": "roc",
            "title": _("How well it ranks"),
            "across": _("share of false alarms"),
            "up": _("share of leavers found"),
            "chart": proof_charts.ranking({key: details["roc"][key] for key in drawn}, details["roc_band"]),
            "legend": legend,
        },
        {
            "key": "gains",
            "title": _("How many it finds first"),
            "across": _("share of customers looked at"),
            "up": _("share of leavers found"),
            "chart": proof_charts.gains({key: details["gains"][key] for key in drawn}),
            "legend": legend,
        },
        _by_score(details["reliability"]) if main == SCORE else _calibration(details["reliability"]),
    ]


def _calibration(bins: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {
        "key": "calibration",
        "title": _("Whether its percentages hold"),
        "across": _("risk told"),
        "up": _("share that left"),
        "chart": proof_charts.calibration(bins),
        "legend": [("model", _("A tenth of customers, with its interval")), ("chance", _("As told"))],
    }


def _by_score(bins: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {
        "key": "by_score",
        "title": _("Who left at which score"),
        "across": _("score"),
        "start": str(proof_charts.lowest_score(bins)),
        "end": "100",
        "up": _("share that left"),
        "chart": proof_charts.by_score(bins),
        "legend": [("score", _("A tenth of customers, with its interval"))],
    }


def _at_days(row: Mapping[str, Any], order: Sequence[str]) -> dict[str, Any]:
    by = row["by"]
    return {**row, "cells": [{"name": proof_words.name_of(key), **by[key]} for key in order if key in by]}


def _telling(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Rows of kinds that part the customers at all: one segment of everybody repeats the figures above it."""
    kinds = [row["kind"] for row in rows]
    return [row for row in rows if kinds.count(row["kind"]) > 1]


def _segment(row: Mapping[str, Any]) -> str:
    fixed = {
        ("arr", "small"): _("Smallest third by ARR"),
        ("arr", "middle"): _("Middle third by ARR"),
        ("arr", "large"): _("Largest third by ARR"),
        ("tenure", "first_year"): _("In their first year"),
        ("tenure", "later"): _("After the first year"),
        ("industry", ""): _("Other or no industry"),
    }
    return fixed.get((row["kind"], row["name"]), str(row["name"]))


def _line(row: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    return {
        **row,
        "name": names.get(row["customer"]),
        "as_of": on_day(row["as_of"]),
        "churned_on": on_day(row["churned_on"]),
        "risk": round(row["told"] * 10_000),
        "score": 100 * (1 - row["told"]),
    }
