"""Everything a results page shows, from the document alone, in the active language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from surveys.models import reason_word
from surveys.results import asked_section, change_section, check_section, group_section, ranking, titles, words
from surveys.results.document import Document
from surveys.results.links import WebLinks
from surveys.stats.shares import Method

NAMES = {"en": "English", "fr": "Français", "de": "Deutsch"}


def context(
    document: Document,
    links: WebLinks,
    *,
    method: Method = Method.MENTIONS,
    corrections: Sequence[Mapping[str, Any]] = (),
    sizes: Mapping[str, int] | None = None,
) -> dict[str, Any]:
    """For ``surveys/results/page.html`` and its fragments. ``corrections``: ``{"on", "number", "text"}``, newest first;
    ``sizes``: bytes of each file to download."""
    survey, figures = document["survey"], document["figures"]
    said = {field: words.picked(survey[field], survey["languages"]) for field in ("title", "question")}
    labels = {each["key"]: words.picked(each["label"], survey["languages"]) for each in document["options"]}
    is_ballot = survey["kind"] == "top3"
    shared = {
        "document": document,
        "said": said,
        "language": words.language(),
        "languages": [
            {
                "code": code,
                "name": NAMES.get(code, code),
                "url": (url := links.page(language=code, method=method)),
                "absolute": links.absolute(url),
            }
            for code in survey["languages"]
        ],
        "kicker": " · ".join(part for part in (said["title"], survey["wave"]) if part),
        "facts": _facts(document, corrections),
        "links": _links(links, method),
        "methods": [
            {
                "name": titles.method_name(each),
                "url": links.page(method=each, anchor="ranking"),
                "is_current": each == method,
            }
            for each in Method
        ]
        if is_ballot
        else [],
        "files": _files(links, document, sizes or {}),
        "corrections": [_correction(each, survey["languages"]) for each in corrections],
        "removals": [_removal(line) for line in document["removals"]],
        "cite": _cite(document, said["title"], links),
        "digest": " ".join(document["digest"][i : i + 4] for i in (0, 4, 8)),
        "settled": _method(document),
        "ledger": [_coding(step, labels, survey["languages"]) for step in document["coding"]],
    }
    if not is_ballot:
        questions = {each["key"]: _question(each, survey["languages"]) for each in document["questions"]}
        return shared | asked_section.parts(document, questions)
    ranked = figures["rankings"][Method.MENTIONS]["title"] if figures["is_enough"] else None
    shared |= {"headline": titles.headline(ranked, labels), "standfirst": titles.standfirst(figures, labels)}
    if figures["is_enough"]:
        shared |= _figures(document, method, labels)
    return shared


def _figures(document: Document, method: Method, labels: Mapping[str, str]) -> dict[str, Any]:
    survey, figures = document["survey"], document["figures"]
    questions = {each["key"]: _question(each, survey["languages"]) for each in document["questions"]}
    own = figures["own_words"]
    told = {"count": words.number(own), "share": words.percent(own / figures["n"])}
    return {
        "ranking": ranking.ranking(figures, method, labels),
        "table": ranking.table(figures, labels, method),
        "own_words": ngettext(
            "A further %(count)s person gave an answer of their own, outside the list (%(share)s, not ranked).",
            "A further %(count)s people gave an answer of their own, outside the list (%(share)s, not ranked).",
            own,
        )
        % told
        if own
        else "",
        "change": change_section.change(figures, labels, survey["wave"] or survey["opened_on"][:4]),
        "groups": group_section.by_group(figures, labels, questions),
        "who": group_section.who(figures, questions),
        "choices_made": group_section.choices_made(figures),
        "own": _own_words(document, questions),
        "sensitivity": check_section.sensitivity(figures, labels),
        "position": check_section.position(figures),
    }


def _own_words(document: Document, questions: Mapping[str, Mapping[str, Any]]) -> dict[str, Any] | None:
    """Themes and quotes; None where nobody wrote anything that was coded."""
    said, languages = document["own_words"], document["survey"]["languages"]
    if not said or not (said["themes"] or document["quotes"]):
        return None
    most = max((theme["count"] for theme in said["themes"]), default=1)
    people = said["people"]
    return {
        "themes": [
            {
                "label": words.picked(theme["label"], languages),
                "n": words.number(theme["count"]),
                "width": round(100 * theme["count"] / most, 2),
            }
            for theme in said["themes"]
        ],
        "people": ngettext(
            "%(n)s person wrote something; one text can hold several themes.",
            "%(n)s people wrote something; one text can hold several themes.",
            people,
        )
        % {"n": words.number(people)},
        "quotes": [
            {
                "text": quote["text"],
                "language": quote["language"],
                "who": questions[quote["group"]["question"]]["choices"][quote["group"]["group"]]
                if quote["group"]
                else "",
            }
            for quote in document["quotes"]
        ],
    }


def _coding(step: Mapping[str, Any], labels: Mapping[str, str], languages: Sequence[str]) -> dict[str, Any]:
    """A line of the coding ledger in words, with the places it changed."""
    to = labels.get(step["option"], "") if step["option"] else words.picked(step["theme"] or {}, languages)
    text = (
        ngettext("%(count)s text counted as “%(to)s”", "%(count)s texts counted as “%(to)s”", step["count"])
        if step["option"]
        else ngettext("%(count)s text put under “%(to)s”", "%(count)s texts put under “%(to)s”", step["count"])
    )
    moves = [
        _("%(label)s from %(before)s to %(after)s")
        % {
            "label": labels.get(move["option"], move["option"]),
            "before": words.ordinal(move["from"]),
            "after": words.ordinal(move["to"]),
        }
        for move in step["effect"]
        if move.get("from") and move.get("to")
    ]
    return {
        "day": words.day(step["on"]),
        "text": text % {"count": words.number(step["count"]), "to": to},
        "effect": "; ".join(moves),
        "is_undone": step["is_undone"],
    }


def _question(question: Mapping[str, Any], languages: Sequence[str]) -> dict[str, Any]:
    return {
        "label": words.picked(question["label"], languages),
        "choices": {
            str(choice["key"]): words.picked(choice.get("label", {}), languages) or str(choice["key"])
            for choice in question["choices"]
        },
    }


def _facts(document: Document, corrections: Sequence[Any]) -> dict[str, Any]:
    survey, version, n = document["survey"], document["version"], document["figures"]["n"]
    companies = {host["company"] for host in survey["hosts"] if host.get("company")}
    hosts = len(survey["hosts"])
    hosted = ""
    if hosts:
        told = {"hosts": words.counted(hosts), "companies": words.counted(len(companies))}
        hosted = (
            ngettext("Hosted by %(hosts)s person", "Hosted by %(hosts)s people", hosts) % told
            if len(companies) < 2
            else _("Hosted by %(hosts)s people from %(companies)s companies") % told
        )
    count = len(corrections)
    return {
        "answers": ngettext("%(n)s answer", "%(n)s answers", n) % {"n": words.number(n)} if n else "",
        "days": words.days(survey["opened_on"], survey["closed_on"]),
        "hosted": hosted,
        "version": _("Version %(number)d") % {"number": version["number"]},
        "published": words.day(version["published_at"]),
        "corrections": ngettext("%(count)s correction", "%(count)s corrections", count) % {"count": words.number(count)}
        if count
        else "",
        "changes_wait": version["changes_wait"],
        "counted_version": version["counted_version"],
        "thanks": ngettext("Thank you to the one person who answered.", "Thank you to all %(n)s who answered.", n)
        % {"n": words.number(n)}
        if n
        else "",
    }


def _links(links: WebLinks, method: Method) -> dict[str, str]:
    slug = links.slug
    return {
        "page": links.page(method=method),
        "canonical": links.absolute(links.page(method=method)),
        "home": links.page(),
        "image": links.image(),
        "image_absolute": links.absolute(links.image()),
        "embed": links.embed(method=method),
        "embed_absolute": links.absolute(links.embed(method=method)),
        "editions": links.outside("/s/"),
        "receipt": links.outside(f"/s/{slug}/receipt/"),
        "survey": links.outside(f"/s/{slug}/"),
    }


def _files(links: WebLinks, document: Document, sizes: Mapping[str, int]) -> list[dict[str, str]]:
    answers = _("Ballots CSV") if document["survey"]["kind"] == "top3" else _("Answers CSV")
    told = [
        ("results.csv", _("Results CSV"), _("every number on this page")),
        ("data.csv", answers, _rows_text(document)),
        ("results.json", _("JSON"), _("the same, for programs")),
        ("codebook.csv", _("Codebook"), _("questions and options in every language")),
    ]
    return [
        {"url": links.file(name), "name": title, "text": text, "size": _size(sizes[name]) if name in sizes else ""}
        for name, title, text in told
        if name != "data.csv" or sizes.get(name, 1)
    ]


def _rows_text(document: Document) -> str:
    key = document["rows_question"]
    question = next((each for each in document["questions"] if each["key"] == key), None)
    if question is None and document["survey"]["kind"] != "top3":
        return _("one row an answer, each question by itself")
    if question is None:
        return _("one row an answer, without groups")
    label = words.picked(question["label"], document["survey"]["languages"])
    return _("one row an answer, with “%(question)s” for groups of 10 or more") % {"question": label}


def _size(count: int) -> str:
    return _("%(size)s KB") % {"size": words.number(max(1, round(count / 1000)))}


def _correction(entry: Mapping[str, Any], languages: Sequence[str]) -> dict[str, str]:
    told = {"day": words.day(entry["on"]), "number": entry["number"]}
    return {
        "when": _("%(day)s, version %(number)d") % told,
        "text": words.picked(entry["text"], languages),
    }


def _removal(line: Mapping[str, Any]) -> dict[str, str]:
    count = line["count"]
    told = {"count": words.number(abs(count)), "reason": reason_word(line["reason"]), "day": words.day(line["on"])}
    text = (
        ngettext("%(count)s answer removed: %(reason)s", "%(count)s answers removed: %(reason)s", count)
        if count > 0
        else ngettext("%(count)s answer put back: %(reason)s", "%(count)s answers put back: %(reason)s", -count)
    )
    return {"day": told["day"], "text": text % told}


def _cite(document: Document, title: str, links: WebLinks) -> str:
    version, n = document["version"], document["figures"]["n"]
    told = {
        "title": title,
        "wave": document["survey"]["wave"] or document["survey"]["opened_on"][:4],
        "number": version["number"],
        "day": words.day(version["published_at"]),
        "n": words.number(n) if n else "",
        "url": f"{links.public_url}/s/{links.slug}/results/",
    }
    if n:
        return (
            _(
                "Boomerang survey (%(wave)s). %(title)s, version %(number)d, %(day)s. "
                "%(n)s self-selected answers. %(url)s"
            )
            % told
        )
    return _("Boomerang survey (%(wave)s). %(title)s, version %(number)d, %(day)s. %(url)s") % told


def _method(document: Document) -> dict[str, Any]:
    figures = document["figures"]
    if not figures["is_enough"] or "rankings" not in figures:
        return {"checks": document["survey"]["checks"] != "off", "kind": document["survey"]["kind"]}
    return {
        "n": words.number(figures["n"]),
        "resamples": words.number(figures["resamples"]),
        "pairs": words.number(figures["pairs"]),
        "critical": words.number(figures["rankings"][Method.MENTIONS]["critical"], 2),
        "checks": document["survey"]["checks"] != "off",
    }
