"""What the page of a proof says in sentences: the verdict, what is missing for one, and for how many days it holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from csplatform.core import formats
from health.churn.backtest import FEWEST_TESTED
from health.models import ChurnModel, ChurnProof
from health.risk import FEWEST_CHURNS
from health.services.settings_of_churn import Wanted


def name_of(forecaster: str) -> str:
    """The reader's name of a forecaster."""
    return {
        "model": _("Model"),
        "rules": _("Rules"),
        "naive": _("Base rate"),
        "renewal_only": _("Renewal date only"),
        "score": _("Health score"),
        "chance": _("Chance"),
    }[forecaster]


def verdict(told: Mapping[str, Any]) -> str:
    """One plain sentence first."""
    if told["verdict"] == "not_enough_data":
        return _("Not enough data to judge: no figure below would be more than chance.")
    caught = told["model"]["recall_at"]["10%"]
    values = {
        "share": formats.percent(caught or 0, get_language()),
        "days": told["horizon_days"],
        "n": formats.number(told["churned_customers"], get_language()),
    }
    if told["verdict"] == "model":
        return (
            _(
                "The model is worth believing: looking at the tenth of customers it ranks highest would have found "
                "%(share)s of those who left within %(days)s days, on %(n)s customers who left, and it was surely "
                "better than the rules, the base rate and the renewal date alone."
            )
            % values
        )
    return (
        _(
            "Stay with the rules: the model found %(share)s of those who left within %(days)s days in the tenth it "
            "ranks highest, but on %(n)s customers who left that may be chance."
        )
        % values
    )


def needed(told: Mapping[str, Any]) -> str:
    """What is missing for a verdict; empty when there is one."""
    if told["verdict"] != "not_enough_data":
        return ""
    learned = max((fold["churned_customers_trained_on"] for fold in told["folds"]), default=0)
    return _(
        "Needed: %(learn)s customers who left, known %(days)s days and the grace period before the days that are "
        "tested (there are %(learned)s), and %(judge)s more to test on (there are %(tested)s). A shorter horizon needs "
        "less history; more history can be imported."
    ) % {
        "learn": FEWEST_CHURNS,
        "days": told["horizon_days"],
        "learned": learned,
        "judge": FEWEST_TESTED,
        "tested": told["churned_customers"],
    }


def of_card(card: Mapping[str, Any]) -> str:
    """What became of those who left, by the bands this version put them in."""
    if card["verdict"] != "told":
        return _("Not enough churns to judge this version by.")
    bands = {each["band"]: each for each in card["bands"]}
    return ngettext(
        "%(warned)s of %(n)s row that ended in a churn was in watch or at risk.",
        "%(warned)s of %(n)s rows that ended in a churn were in watch or at risk.",
        card["churned"],
    ) % {"warned": sum(bands[key]["churned"] for key in ("at_risk", "watch")), "n": card["churned"]}


def card_beside_rules(card: Mapping[str, Any]) -> str:
    """The verdict on a version in one sentence; empty where there is none. Sure: nothing is inside its interval."""
    own, less = card["beside"]["score"]["roc_auc_ci"], card["score_less"]["rules"]["roc_auc_ci"]
    if card["verdict"] != "told" or own is None or less is None:
        return ""
    if own[0] <= 0.5:
        return _("That the score tells leavers from stayers at all may be chance.")
    if less[0] > 0:
        return _("The score tells leavers from stayers, and surely better than the rules of churn risk.")
    if less[1] < 0:
        return _("The score tells leavers from stayers, but surely less well than the rules of churn risk.")
    return _("The score tells leavers from stayers, about as well as the rules of churn risk.")


def state_of(model: ChurnModel, models: Sequence[ChurnModel]) -> str:
    """What became of a model, among those since. It goes when another comes, or because somebody sent it away."""
    is_gone = model.status == ChurnModel.Status.RETIRED
    if is_gone and all(each.activated_at != model.retired_at for each in models):
        return _("Taken out of force")
    return str(model.get_status_display())


def of_horizon(wanted: Wanted, models: Sequence[ChurnModel], proof: ChurnProof | None) -> str:
    """What becomes of the horizon that was set, where the model in force or the proof has another; else empty.

    ``models``: the newest first.
    """
    champion = next((each for each in models if each.status == ChurnModel.Status.CHAMPION), None)
    days = champion.horizon_days if champion and wanted.set_at is None else wanted.horizon_days
    if champion is None or champion.horizon_days == days:
        if proof is None or proof.horizon_days == days:
            return ""
        return _(
            "Risk is told %(days)d days ahead, this proof is of %(proved)d: run a back-test to see how well it does."
        ) % {"days": days, "proved": proof.horizon_days}
    told = {"days": days, "number": champion.number, "present": champion.horizon_days}
    sentence = _(
        "%(days)d days ahead are wanted; model %(number)d was trained for %(present)d. It stays in force, and risk is "
        "told %(present)d days ahead, until a model for %(days)d days has beaten the rules or you take it out of force."
    )
    since = next((each for each in models if each.horizon_days == days and each.number > champion.number), None)
    if since is not None:
        told["since"] = since.number
        sentence += " " + _("Model %(since)d, trained for it, has not.")
    elif wanted.retrains and wanted.set_at and wanted.set_at > models[0].trained_at:
        sentence += " " + _("One is trained tonight, or now by the button above.")
    elif wanted.retrains:
        sentence += " " + _("One is trained four weeks after the last, or now by the button above.")
    else:
        sentence += " " + _("Train one by the button above: new models are not trained by themselves.")
    return sentence % told
