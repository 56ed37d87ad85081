"""What changed since the wave before: only for options whose words stayed the same. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from surveys.stats.contrasts import Counted, contrasts
from surveys.stats.tally import Tally

NEW, NEW_WORDING, COMPARED = "new", "new_wording", "compared"


def change(
    counted: Tally, labels: Mapping[str, Mapping[str, str]], earlier: Mapping[str, Any] | None
) -> dict[str, Any] | None:
    """Against ``earlier``, the published document of the wave before; None without one that shows figures.

    Only its published figures are used, so that the comparison says no more than the two pages do. Holm over all
    options compared.
    """
    if earlier is None or not earlier["figures"]["is_enough"]:
        return None
    n_then = earlier["figures"]["n"]
    mentions_then = {option["key"]: option["mentions"] for option in earlier["figures"]["options"]}
    labels_then = {option["key"]: option["label"] for option in earlier["options"]}
    found = {option.key: _comparable(labels[option.key], labels_then.get(option.key)) for option in counted.options}
    compared = [option for option in counted.options if found[option.key] == COMPARED]
    pairs = [(Counted(each.mentions, counted.n), Counted(mentions_then[each.key], n_then)) for each in compared]
    contrast = dict(zip((each.key for each in compared), contrasts(pairs), strict=True))
    rows = []
    for option in counted.options:
        row: dict[str, Any] = {"key": option.key, "status": found[option.key], "share": round(option.mention_share, 4)}
        if option.key in contrast:
            against = contrast[option.key]
            row["then"] = round(against.other.share, 4)
            row["difference"] = round(against.difference, 4)
            row["interval"] = [round(against.interval.low, 4), round(against.interval.high, 4)]
            row["clear"] = against.clear
        rows.append(row)
    survey = earlier["survey"]
    return {
        "since": survey["wave"] or survey["opened_on"][:4],
        "slug": survey["slug"],
        "version": earlier["version"]["number"],
        "n": n_then,
        "compared": len(compared),
        "options": rows,
    }


def _comparable(label: Mapping[str, str], then: Mapping[str, str] | None) -> str:
    """Same words in every language both waves speak, and at least one."""
    if then is None:
        return NEW
    both = [language for language in label if label[language] and then.get(language)]
    return COMPARED if both and all(label[each] == then[each] for each in both) else NEW_WORDING
