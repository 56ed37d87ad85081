"""Groups as the page draws them, small multiples and who answered, in the active language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from surveys.results import words
from surveys.results.charts import from_zero
from surveys.stats.shares import Method

MOST_NAMED = 7
PANELS_IN_A_ROW = 6

Labels = Mapping[str, str]
Questions = Mapping[str, Mapping[str, Any]]


def by_group(figures: Mapping[str, Any], labels: Labels, questions: Questions) -> dict[str, Any] | None:
    """Small multiples of the most-named options of a ballot; None where no group is shown."""
    order = figures["rankings"][Method.MENTIONS]["order"][:MOST_NAMED]
    everyone = {option["key"]: option["mention_share"] for option in figures["options"]}
    return multiples(figures["groups"], order, everyone, labels, questions)


def multiples(
    tables: Sequence[Mapping[str, Any]],
    order: Sequence[str],
    everyone: Mapping[str, float],
    labels: Labels,
    questions: Questions,
) -> dict[str, Any] | None:
    """Small multiples of shares, in rows of panels under their question; None where no group is shown."""
    tables = [table for table in tables if not table["is_whole"] and _panels_of(table)]
    if not tables:
        return None
    highs = [row["options"][key]["interval"][1] for table in tables for row in _panels_of(table) for key in order]
    axis = from_zero(max([*highs, *(everyone[key] for key in order)]), 0.2)
    blocks = []
    for table in tables:
        question = questions[table["question"]]
        panels = [_panel(row, question, order, labels, everyone, axis.at) for row in _panels_of(table)]
        hidden = hidden_groups(table, question)
        width = len(panels) + bool(hidden)
        blocks.append({"title": question["label"], "panels": panels, "hidden": hidden, "width": width, "table": table})
    return {
        "finding": group_finding(tables, order, labels, questions),
        "labels": [labels[key] for key in order],
        "count": words.counted(len(order)),
        "top": words.percent(axis.high),
        "lines": [axis.at(tick) for tick in axis.ticks[1:]],
        "ticks": [
            {"x": 0, "text": "0"},
            {"x": 50, "text": words.number(axis.high * 50)},
            {"x": 100, "text": words.percent(axis.high)},
        ],
        "rows": _packed([part for block in blocks for part in _split(block)]),
    }


def _panels_of(table: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [row for row in table["groups"] if "options" in row]


def _panel(
    row: Mapping[str, Any], question: Mapping[str, Any], order: Sequence[str], labels: Labels, everyone: Any, at: Any
) -> dict[str, Any]:
    cells = []
    for key in order:
        option = row["options"][key]
        told = {"share": words.percent(option["share"]), "all": words.percent(everyone[key])}
        text = (
            _("%(share)s, clearly different; everyone %(all)s") if option["clear"] else _("%(share)s; everyone %(all)s")
        )
        cells.append(
            {
                "label": labels[key],
                "value": told["share"],
                "is_clear": option["clear"],
                "dot": at(option["share"]),
                "low": at(option["interval"][0]),
                "high": at(option["interval"][1]),
                "all": at(everyone[key]),
                "spoken": text % told,
            }
        )
    return {"name": question["choices"][row["group"]], "n": words.number(row["n"]), "cells": cells}


def hidden_groups(table: Mapping[str, Any], question: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The groups of a question that are kept back, each with whether it is small itself."""
    return [
        {"name": question["choices"].get(each["group"], _("Preferred not to say")), "is_small": each["why"] == "small"}
        for each in table["hidden"]
        if each["group"]
    ]


def _split(block: dict[str, Any]) -> list[dict[str, Any]]:
    """A question with more panels than a row holds goes on in the next one."""
    panels = block["panels"]
    parts = []
    for start in range(0, max(len(panels), 1), PANELS_IN_A_ROW):
        part = panels[start : start + PANELS_IN_A_ROW]
        is_last = start + PANELS_IN_A_ROW >= len(panels)
        parts.append({**block, "panels": part, "hidden": [], "width": len(part), "is_more": start > 0})
        if is_last and block["hidden"]:
            if len(part) < PANELS_IN_A_ROW:
                parts[-1] |= {"hidden": block["hidden"], "width": len(part) + 1}
            else:
                parts.append({**block, "panels": [], "width": 1, "is_more": True})
    return parts


def _packed(blocks: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Blocks beside one another as long as they fit."""
    rows: list[list[dict[str, Any]]] = []
    for block in blocks:
        if rows and sum(each["width"] for each in rows[-1]) + block["width"] <= PANELS_IN_A_ROW:
            rows[-1].append(block)
        else:
            rows.append([block])
    return [{"blocks": row, "has_panels": any(block["panels"] for block in row)} for row in rows]


def group_finding(
    tables: Sequence[Mapping[str, Any]],
    order: Sequence[str],
    labels: Labels,
    questions: Questions,
) -> str:
    """The clearest differences upwards, one a group, at most two; else that there are none."""
    found = []
    for table in tables:
        for row in _panels_of(table):
            clear = [
                (row["options"][key]["share"], key)
                for key in order
                if row["options"][key]["clear"] and _is_above(row, key, table)
            ]
            if clear:
                share, key = max(clear)
                found.append((share, questions[table["question"]]["choices"][row["group"]], key))
    if not found:
        return _("No group differs clearly from the others")
    told: dict[str, str] = {}
    for number, (_share, group, key) in enumerate(sorted(found, reverse=True)[:2], 1):
        told |= {f"group{number}": group, f"label{number}": words.inside(labels[key])}
    if len(found) == 1:
        return words.capital(_("%(label1)s stands out among “%(group1)s”") % told)
    return words.capital(_("%(label1)s stands out among “%(group1)s”, %(label2)s among “%(group2)s”") % told)


def _is_above(row: Mapping[str, Any], key: str, table: Mapping[str, Any]) -> bool:
    others = [each["options"][key]["share"] for each in _panels_of(table) if each is not row]
    return not others or row["options"][key]["share"] > sum(others) / len(others)


def who(figures: Mapping[str, Any], questions: Questions) -> list[dict[str, Any]]:
    """Per question how many of each group answered, on one scale throughout; hidden groups as one line."""
    tables = [table for table in figures["groups"] if not table["is_whole"]]
    most = max((size for table in tables for size in _sizes(table)), default=1)
    columns = []
    for table in tables:
        question = questions[table["question"]]
        lines = [
            {
                "name": question["choices"].get(row["group"]) or _("Preferred not to say"),
                "n": words.number(row["n"]),
                "width": round(100 * row["n"] / most, 2),
                "is_rest": not row["group"],
            }
            for row in table["groups"]
        ]
        if table["together"]:
            hidden = len(table["hidden"])
            text = ngettext("%(count)s small group", "%(count)s small groups", hidden)
            lines.append(
                {
                    "name": words.capital(text % {"count": words.counted(hidden)}),
                    "n": words.number(table["together"]),
                    "width": round(100 * table["together"] / most, 2),
                    "is_rest": True,
                }
            )
        columns.append({"title": question["label"], "lines": lines, "counted_version": table.get("counted_version")})
    return columns


def _sizes(table: Mapping[str, Any]) -> list[int]:
    return [table["together"], *(row["n"] for row in table["groups"])]


def choices_made(figures: Mapping[str, Any]) -> str:
    """352 people made three choices, 41 two, 19 one."""
    made = sorted(((int(count), people) for count, people in figures["choices_made"].items()), reverse=True)
    (count, people), *rest = made
    first = ngettext("%(people)s people made %(count)s choice", "%(people)s people made %(count)s choices", count) % {
        "people": words.number(people),
        "count": words.counted(count),
    }
    others = [f"{words.number(people)} {words.counted(count)}" for count, people in rest]
    return ", ".join([first, *others]) + "."
