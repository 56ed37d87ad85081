"""What a stage asks for: criteria as data, checked before they are stored.

A criterion rests on facts of the customer, never on another criterion or a stage: a circle cannot be written down.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from accounts.models import AttributeDefinition
from accounts.models.customers import TeamRole
from journeys import extensions
from journeys.models import CriterionKind, Side, Stage, StageCriterion
from journeys.selectors import criteria

MOST_CRITERIA = 20


def write(stage: Stage, side: str, asked: Sequence[Mapping[str, Any]]) -> bool:
    """Make these (``{"kind", **params}``) the criteria of one side; says whether anything changed.

    Raises ``ValidationError`` (``criteria``) naming the one that cannot be.
    """
    if side not in Side.values:
        raise ValidationError({"criteria": [_("There are only the sides entry and exit.")]})
    if len(asked) > MOST_CRITERIA:
        raise ValidationError({"criteria": [_("%(most)d criteria are the most.") % {"most": MOST_CRITERIA}]})
    wanted: list[tuple[str, dict[str, Any]]] = []
    for each in asked:
        pair = (str(each.get("kind", "")), params_of(each))
        if pair not in wanted:
            wanted.append(pair)
    stored = StageCriterion.objects.filter(stage=stage, side=side)
    if [(row.kind, row.params) for row in stored] == wanted:
        return False
    stored.delete()
    StageCriterion.objects.bulk_create(
        StageCriterion(
            workspace_id=stage.workspace_id, stage=stage, side=side, kind=kind, params=params, position=position
        )
        for position, (kind, params) in enumerate(wanted)
    )
    return True


def params_of(told: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters a criterion of this kind has, checked; raises ``ValidationError`` (``criteria``)."""
    kind = told.get("kind")
    if kind not in CriterionKind.values:
        known = ", ".join(CriterionKind.values)
        raise _wrong(_("“%(kind)s” is none of: %(known)s.") % {"kind": kind, "known": known})
    make = _PARAMS.get(CriterionKind(str(kind)))
    params = make(told) if make else {}
    unknown = sorted(set(told) - {"kind"} - set(params))
    if unknown:
        raise _wrong(_("A criterion “%(kind)s” has no “%(name)s”.") % {"kind": kind, "name": unknown[0]})
    return params


def _field(told: Mapping[str, Any]) -> dict[str, Any]:
    name = str(told.get("field") or "")
    if name.startswith(criteria.ATTRIBUTE):
        key = name.removeprefix(criteria.ATTRIBUTE)
        if not AttributeDefinition.objects.filter(key=key).exists():
            raise _wrong(_("There is no attribute “%(key)s”.") % {"key": key})
    elif name not in criteria.FIELDS:
        known = ", ".join([*criteria.FIELDS, f"{criteria.ATTRIBUTE}KEY"])
        raise _wrong(_("“%(field)s” is no field to ask for; there are: %(known)s.") % {"field": name, "known": known})
    return {"field": name}


def _role(told: Mapping[str, Any]) -> dict[str, Any]:
    role = told.get("role")
    if role not in TeamRole.values:
        known = ", ".join(TeamRole.values)
        raise _wrong(
            _("“%(role)s” is no role of an account team; there are: %(known)s.") % {"role": role, "known": known}
        )
    return {"role": role}


def _measure(told: Mapping[str, Any]) -> dict[str, Any]:
    key = str(told.get("measure") or "")
    if key not in extensions.named_measures():
        raise _wrong(_("There is no measure “%(key)s”.") % {"key": key})
    return {"measure": key, "at_least": _number(told.get("at_least"))}


def _percent(told: Mapping[str, Any]) -> dict[str, Any]:
    percent = _number(told.get("percent"))
    if not 0 < percent <= 100:
        raise _wrong(_("Expected a share above 0 and up to 100 percent."))
    return {"percent": percent}


def _number(value: Any) -> int | float:
    try:
        number = float(str(value).replace(",", "."))
    except ValueError:
        number = math.nan
    if isinstance(value, bool) or not math.isfinite(number):
        raise _wrong(_("“%(value)s” is no number.") % {"value": value})
    return int(number) if number.is_integer() else number


_PARAMS: Mapping[CriterionKind, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    CriterionKind.FIELD: _field,
    CriterionKind.TEAM_ROLE: _role,
    CriterionKind.MEASURE: _measure,
    CriterionKind.ADOPTION: _percent,
}


def _wrong(message: str) -> ValidationError:
    return ValidationError({"criteria": [message]})
