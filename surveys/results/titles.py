"""The finding in one sentence, and the standfirst below it, in the active language.

Which sentence a ranking deserves is decided by the tally (`surveys.stats.titles`): it depends on how many options may
be first. Within a tie nothing is said to be ahead: the order of shares is an order of naming only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from surveys.results import words
from surveys.stats.shares import Method
from surveys.stats.titles import Case


def headline(title: Mapping[str, Any] | None, labels: Mapping[str, str]) -> str:
    """The title of the page. ``title`` as in the document's rankings, None where nothing may be shown."""
    case = Case(title["case"]) if title else Case.TOO_FEW
    leaders = [labels[key] for key in title["leaders"]] if title else []
    told = {"all": words.listed([words.inside(label) for label in leaders]), "k": len(labels), "t": len(leaders)}
    match case:
        case Case.TOO_FEW:
            return _("Fewer than 10 answers: no ranking is shown")
        case Case.ONE:
            return _("%(label)s is the challenge named most often") % {"label": leaders[0]}
        case Case.TWO:
            return _("Two challenges share first place: %(all)s") % told
        case Case.THREE:
            return _("Three challenges share first place: %(all)s") % told
        case Case.FOUR_FIVE:
            return _("No single challenge leads: %(all)s are too close to call") % told
        case Case.SIX_PLUS:
            return _("No clear leader: %(t)d of %(k)d challenges could be first") % told
        case Case.ALL_ALIKE:
            return _("These answers do not separate the %(k)d challenges") % told


def standfirst(figures: Mapping[str, Any], labels: Mapping[str, str]) -> str:
    """What stands behind the headline: shares, whether the leaders are clear of the rest, what other methods say."""
    if not figures["is_enough"]:
        return _(
            "So few answers could give single people away, and would tell little about anybody else. Nothing is shown, "
            "not even how many there are."
        )
    ranking = figures["rankings"][Method.MENTIONS]
    sentences = [_shares(figures, ranking, labels), _standing(ranking, labels), _others(ranking["title"], labels)]
    return " ".join(sentence for sentence in sentences if sentence)


def _shares(figures: Mapping[str, Any], ranking: Mapping[str, Any], labels: Mapping[str, str]) -> str:
    """The shares of the leaders, at most three; of the first two named where many or all are alike."""
    share = {option["key"]: option["mention_share"] for option in figures["options"]}
    leaders: Sequence[str] = ranking["title"]["leaders"]
    named = leaders if 1 <= len(leaders) <= 3 else ranking["order"][:2]
    first, *rest = named
    told = {
        "share": _about(share[first]),
        "n": words.number(figures["n"]),
        "label": words.inside(labels[first]),
        "rest": words.listed(
            [
                _("%(share)s %(label)s") % {"share": words.percent(share[key]), "label": words.inside(labels[key])}
                for key in rest
            ]
        ),
    }
    if rest:
        return _("%(share)s of the %(n)s people who answered put %(label)s in their top 3, %(rest)s.") % told
    return _("%(share)s of the %(n)s people who answered put %(label)s in their top 3.") % told


def _about(share: float) -> str:
    """Half, where it is half; else the percentage."""
    return _("Half") if words.whole(share) == 50 else words.percent(share)


def _standing(ranking: Mapping[str, Any], labels: Mapping[str, str]) -> str:
    title = ranking["title"]
    case, leaders, k = Case(title["case"]), title["leaders"], len(labels)
    rest = k - len(leaders)
    told = {"rest": words.counted(rest), "x": _level_with(ranking, labels)}
    if case == Case.ONE:
        return _clear_of(rest) if title["clear_gap"] else _("%(x)s may be level with it.") % told if told["x"] else ""
    if case in (Case.ALL_ALIKE, Case.SIX_PLUS):
        return _(
            "The differences are small enough to be chance: another group of similar volunteers might reorder them."
        )
    tie = (
        _("These answers cannot tell which of the two is named more often")
        if case == Case.TWO
        else _("These answers cannot tell which of them is named most often")
    )
    if title["clear_gap"]:
        both = ngettext(
            "both are clearly ahead of the only other one", "both are clearly ahead of the other %(rest)s", rest
        )
        all_of_them = ngettext(
            "all of them are clearly ahead of the only other one",
            "all of them are clearly ahead of the other %(rest)s",
            rest,
        )
        return f"{tie}; {(both if case == Case.TWO else all_of_them) % told}."
    return f"{tie}." + (" " + _("%(x)s may be level with them.") % told if told["x"] else "")


def _clear_of(rest: int) -> str:
    return ngettext(
        "It is clearly ahead of the only other one.", "It is clearly ahead of the other %(rest)s.", rest
    ) % {"rest": words.counted(rest)}


def _level_with(ranking: Mapping[str, Any], labels: Mapping[str, str]) -> str:
    """The first row below the leaders: the one nearest to being level with them."""
    below = [key for key in ranking["order"] if key not in ranking["title"]["leaders"]]
    return labels[below[0]] if below else ""


def _others(title: Mapping[str, Any], labels: Mapping[str, str]) -> str:
    """What another method puts first where it is something else."""
    others = title["others_first"]
    if Case(title["case"]) in (Case.TOO_FEW, Case.ALL_ALIKE) or not others:
        return ""
    firsts = others.get(Method.FIRST)
    if firsts:
        return _("%(label)s is more often put first.") % {"label": words.listed([labels[key] for key in firsts])}
    method, keys = next(iter(others.items()))
    told = {"method": method_name(Method(method)), "label": words.listed([words.inside(labels[key]) for key in keys])}
    return _("Counted by %(method)s, %(label)s comes first.") % told


def method_name(method: Method) -> str:
    """What a counting method is called on the page."""
    return {
        Method.MENTIONS: _("% in top 3"),
        Method.FIRST: _("First choice"),
        Method.BORDA: _("Points 3-2-1"),
        Method.PLACKETT_LUCE: _("Plackett–Luce"),
    }[method]
