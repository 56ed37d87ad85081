"""What the page of a proof says, from the stored document: the verdict in words, figures beside each other, lists."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from health import proof_words
from health.models import ChurnProof
from health.proof_figures import MODEL, SCORE, figures, on_day

_UNSAID = {"roc_auc": None, "roc_auc_ci": None}
_BESIDE_SCORE = (SCORE, "rules", "renewal_only")
_FORECASTERS = ("model", "rules", "naive", "renewal_only")


def shown(proof: ChurnProof) -> dict[str, Any]:
    """The context of ``health/proof.html`` for one proof."""
    told = proof.document
    return {
        "proof": proof,
        "verdict": proof_words.verdict(told),
        "needed": proof_words.needed(told),
        "told": told,
        "first": on_day(told["folds"][0]["as_of"]) if told["folds"] else None,
        "last": on_day(told["folds"][-1]["as_of"]) if told["folds"] else None,
        "through": on_day(told.get("through")),
        "folds": [{**fold, "as_of": on_day(fold["as_of"])} for fold in told["folds"]],
        "table": [{"name": proof_words.name_of(key), "key": key, **told[key]} for key in _FORECASTERS],
        "figures": figures(told["details"], MODEL),
        "kinds": _kinds(told["by_kind"]),
        "aside": {"notice_customers": 0, "notice_left": 0, **told["left_aside"]},
        "cards": [_card(card) for card in proof.cards if _is_whole(card)],
        "left_out": [on_day(each["as_of"]) for each in told["left_out"]],
    }


def _kinds(by_kind: Mapping[str, Any]) -> list[dict[str, Any]]:
    labels = {
        "voluntary": _("Chose to leave"),
        "cancelled": _("by notice"),
        "lapsed": _("not renewed, without a notice"),
        "involuntary": _("Ended unpaid"),
    }
    parts = ("cancelled", "lapsed")
    unsaid = {"churned_customers": None, "recall": None}
    return [
        {"label": label, "is_part": key in parts, **unsaid, **by_kind[key]}
        for key, label in labels.items()
        if key in by_kind
    ]


def _is_whole(card: Mapping[str, Any]) -> bool:
    """Whether it is told as versions are now: the first proofs kept a few figures of the default scorecard only."""
    return "details" in card


def _card(card: Mapping[str, Any]) -> dict[str, Any]:
    at_capacity = card["details"]["at_capacity"][SCORE]
    return {
        **card,
        **{name: card["beside"][SCORE][name] for name in ("roc_auc", "roc_auc_ci")},
        "first": on_day(card["first"]),
        "last": on_day(card["last"]),
        "sentence": proof_words.of_card(card),
        "recall": at_capacity["recall"],
        "precision": at_capacity["precision"],
    }


def of_card(proof: ChurnProof, key: str) -> dict[str, Any] | None:
    """The context of ``health/proof_card.html`` for the version ``key``; None where the proof tells of none such."""
    found = next((card for card in proof.cards if _is_whole(card) and card["key"] == key), None)
    if found is None:
        return None
    return {
        "proof": proof,
        "card": _card(found),
        "title": _("%(scorecard)s, version %(version)d") % found,
        "sentence": " ".join([proof_words.of_card(found), proof_words.card_beside_rules(found)]).strip(),
        "published": datetime.fromisoformat(found["published_at"]),
        "beside": [
            {"name": proof_words.name_of(name), **row, "less": found["score_less"].get(name, _UNSAID)}
            for name in _BESIDE_SCORE
            for row in [found["beside"][name]]
        ],
        "bands": [{**row, "share": row["churned"] / row["n"] if row["n"] else None} for row in found["bands"]],
        "figures": figures(found["details"], SCORE),
    }
