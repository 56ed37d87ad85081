"""The placeholders of texts in playbooks: ``{{ customer.name }}``. Pure, and nothing else is ever carried out.

A placeholder is a name out of a fixed list. What it stands for is put in as it is: text that comes from a customer and
looks like a placeholder stays text.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

NAMES = (
    "customer.name",
    "customer.external_id",
    "customer.stage",
    "customer.arr",
    "customer.renewal_on",
    "customer.notice_deadline",
    "sponsor.name",
    "owner.name",
    "workspace.name",
    "playbook.name",
    "today",
)
_PLACE = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_MOST_SHOWN = 40


def faults(text: str, known: Collection[str]) -> list[str]:
    """What stands between double braces in ``text`` and is no placeholder, each once; a brace left open as it is."""
    wrong = [found.strip()[:_MOST_SHOWN] for found in _PLACE.findall(text) if found.strip() not in known]
    rest = _PLACE.sub("", text)
    wrong += [braces for braces in ("{{", "}}") if braces in rest]
    return list(dict.fromkeys(wrong))


def render(text: str, values: Mapping[str, str]) -> str:
    """``text`` with its placeholders filled in; one without a value becomes nothing."""
    return _PLACE.sub(lambda found: values.get(found.group(1).strip(), ""), text)
