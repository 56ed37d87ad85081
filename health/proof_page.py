"""What the page of a proof says, from the stored document: the verdict in words, figures beside each other, lists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from health import proof_charts, proof_words
from health.models import ChurnProof
from health.services import churn_proofs

_FORECASTERS = ("model", "rules", "naive", "renewal_only")
_DRAWN = ("model", "rules")


def shown(proof: ChurnProof) -> dict[str, Any]:
    """The context of ``health/proof.html`` for one proof."""
    told = proof.document
    details = told["details"]
    names = churn_proofs.names_of(proof)
    return {
        "proof": proof,
        "verdict": proof_words.verdict(told),
        "needed": proof_words.needed(told),
        "told": told,
        "first": _day(told["folds"][0]["as_of"]) if told["folds"] else None,
        "last": _day(told["folds"][-1]["as_of"]) if told["folds"] else None,
        "through": _day(told.get("through")),
        "folds": [{**fold, "as_of": _day(fold["as_of"])} for fold in told["folds"]],
        "table": [{"name": proof_words.name_of(key), "key": key, **told[key]} for key in _FORECASTERS],
        "charts": _charts(details),
        "reliability": details.get("reliability", []),
        "at_days": [_at_days(row) for row in details.get("at_days", [])],
        "capacity": details.get("capacity", {}).get("customers"),
        "at_capacity": [
            {"name": proof_words.name_of(key), **details["at_capacity"][key]}
            for key in _FORECASTERS
            if "at_capacity" in details
        ],
        "segments": [{**row, "label": _segment(row)} for row in _telling(details.get("segments", []))],
        "missed": [_line(row, names) for row in details.get("missed", [])],
        "false_alarms": [_line(row, names) for row in details.get("false_alarms", [])],
        "kinds": [
            {"label": label, **told["by_kind"][key]}
            for key, label in (("cancelled", _("By notice")), ("lapsed", _("Not renewed, without a notice")))
        ],
        "cards": [_card(card) for card in proof.cards],
        "left_out": [_day(each["as_of"]) for each in told["left_out"]],
    }


def _charts(details: Mapping[str, Any]) -> list[dict[str, Any]]:
    if not details or not details["roc"].get("model"):
        return []
    ranked = {key: details["roc"][key] for key in _DRAWN}
    return [
        {
            "key": "roc",
            "title": _("How well it ranks"),
            "across": _("share of false alarms"),
            "up": _("share of leavers found"),
            "chart": proof_charts.ranking(ranked, details["roc_band"]),
            "legend": [(key, proof_words.name_of(key)) for key in (*_DRAWN, "chance")],
        },
        {
            "key": "gains",
            "title": _("How many it finds first"),
            "across": _("share of customers looked at"),
            "up": _("share of leavers found"),
            "chart": proof_charts.gains({key: details["gains"][key] for key in _DRAWN}),
            "legend": [(key, proof_words.name_of(key)) for key in (*_DRAWN, "chance")],
        },
        {
            "key": "calibration",
            "title": _("Whether its percentages hold"),
            "across": _("risk told"),
            "up": _("share that left"),
            "chart": proof_charts.calibration(details["reliability"]),
            "legend": [("model", _("A tenth of customers, with its interval")), ("chance", _("As told"))],
        },
    ]


def _at_days(row: Mapping[str, Any]) -> dict[str, Any]:
    by = row["by"]
    return {**row, "cells": [{"name": proof_words.name_of(key), **by[key]} for key in _FORECASTERS if key in by]}


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
        "as_of": _day(row["as_of"]),
        "churned_on": _day(row["churned_on"]),
        "risk": round(row["told"] * 10_000),
    }


def _card(card: Mapping[str, Any]) -> dict[str, Any]:
    bands = {each["band"]: each for each in card["bands"]}
    warned = sum(bands[key]["churned"] for key in ("at_risk", "watch"))
    said = ngettext(
        "%(warned)s of %(n)s row that ended in a churn was in watch or at risk.",
        "%(warned)s of %(n)s rows that ended in a churn were in watch or at risk.",
        card["churned"],
    ) % {"warned": warned, "n": card["churned"]}
    return {
        **card,
        "first": _day(card["first"]),
        "last": _day(card["last"]),
        "sentence": said if card["verdict"] == "told" else _("Not enough churns to judge this version by."),
        "recall": card["at_capacity"]["score"]["recall"],
        "precision": card["at_capacity"]["score"]["precision"],
    }


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
