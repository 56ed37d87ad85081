"""Which answers in own words say the same: suggestions for people, who decide. Pure, and the same for any order.

A text is reduced to its telling words (lower case, no accents, no punctuation, no filler words of English, French and
German). Texts with the same telling words are one form. Forms are then gathered around the most frequent ones: a form
joins the first leader whose trigrams overlap enough. *Overlap* of two sets A and B is |A ∩ B| / min(|A|, |B|) where the
shorter has at least ``ENOUGH`` trigrams, so that "churn" finds "too much churn", else Jaccard's |A ∩ B| / |A ∪ B|.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
ALIKE = 0.6
"""Forms at least this much alike are suggested together."""
ENOUGH = 5
_WORD = re.compile(r"[^\W_]+")
_FILLERS = """
a an and are as at be by for from has have i in is it its many more much my no not of on or our that the their them they
this to too us very we with you your
au aux avec ce ces dans de des du en est et il je la le les leur mes mon ne nos notre nous ou par pas pour que qui sa se
ses son sur trop un une vos votre vous
aber als am auf aus bei das dem den der die ein eine einem einen einer es ich im ist kein keine mit nicht oder sehr sich
sind und uns unser unsere viel von wir zu zum zur zuviel
"""
_FILLER = frozenset(_FILLERS.split())


@dataclass(frozen=True, slots=True)
class Group(Generic[K]):
    """Texts that seem to say the same. ``members``: by their keys as text; ``label``: the commonest wording."""

    label: str
    members: tuple[K, ...]


def telling(text: str) -> tuple[str, ...]:
    """The telling words of ``text``, sorted; all its words where only fillers stand in it."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(sign for sign in plain if not unicodedata.combining(sign))
    words = sorted(set(_WORD.findall(plain)))
    return tuple(word for word in words if word not in _FILLER) or tuple(words)


def groups(texts: Mapping[K, str]) -> list[Group[K]]:
    """Every text in exactly one group, the largest groups first, then by label."""
    forms: dict[tuple[str, ...], list[K]] = defaultdict(list)
    for key, text in texts.items():
        forms[telling(text)].append(key)
    gathered = _gather({form: len(keys) for form, keys in forms.items()})
    found = []
    for form_list in gathered:
        members = sorted((key for form in form_list for key in forms[form]), key=str)
        found.append(Group(_wording([texts[key] for key in members]), tuple(members)))
    return sorted(found, key=lambda group: (-len(group.members), group.label, str(group.members[0])))


def alike(one: frozenset[str], other: frozenset[str]) -> float:
    """How much two sets of trigrams overlap, from 0 to 1."""
    if not one or not other:
        return 0.0
    common, smaller = len(one & other), min(len(one), len(other))
    return common / smaller if smaller >= ENOUGH else common / len(one | other)


def trigrams(form: tuple[str, ...]) -> frozenset[str]:
    """Three letters each, of every word with a blank around it."""
    padded = (f" {word} " for word in form)
    return frozenset(word[i : i + 3] for word in padded for i in range(len(word) - 2))


def _gather(counts: Mapping[tuple[str, ...], int]) -> list[list[tuple[str, ...]]]:
    """Forms around leaders; only leaders that share a trigram are compared, found by an index."""
    gathered: list[list[tuple[str, ...]]] = []
    grams: list[frozenset[str]] = []
    index: dict[str, list[int]] = defaultdict(list)
    # Short forms lead: a longer one around the same words is a detail of it.
    for form in sorted(counts, key=lambda form: (-counts[form], len(form), form)):
        own = trigrams(form)
        near = Counter(leader for gram in own for leader in index.get(gram, ()))
        best = max(near, key=lambda leader: (alike(own, grams[leader]), -leader), default=None)
        if best is not None and alike(own, grams[best]) >= ALIKE:
            gathered[best].append(form)
            continue
        for gram in own:
            index[gram].append(len(gathered))
        gathered.append([form])
        grams.append(own)
    return gathered


def _wording(texts: list[str]) -> str:
    """The most frequent wording; of several the shortest, then the first by letters."""
    counted = Counter(" ".join(text.split()) for text in texts)
    return min(counted, key=lambda text: (-counted[text], len(text), text))
