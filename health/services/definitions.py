"""Measures are changed and scorecards published here. What was published is never rewritten: a version follows it.

A measure that is changed changes no score: the published version carries the definition of then, and the next
publication takes up the new one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any, cast
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.services import writing
from accounts.services.results import BusyError, StaleVersionError
from csplatform.core import audit, locks, outbox
from csplatform.core.models import Job
from csplatform.core.tenancy import current_workspace_id
from health.measures import DefinitionError
from health.models import HealthSnapshot, Measure, Scorecard, ScorecardVersion, ScoringRun
from health.parsing import parse
from health.scoring import LINEAR, parse_card, parse_item
from health.services import counting, definition_keys, runs
from health.streams import active_streams, stream_for

# What one request may carry; scoring itself has no bound, its time grows with the number.
MOST_ITEMS = 500
LONGEST_LABEL = 120
_FIELDS = ("label", "unit", "definition")
Fields = dict[str, list[str]]


@transaction.atomic
def create_measure(
    *, key: str, told: Mapping[str, Any], actor: audit.Actor, now: datetime
) -> tuple[Measure, Job | None]:
    """A new measure, which no scorecard uses yet, and the job that counts for it (None: all is counted).

    ``told``: label (language → text, English at least), unit, definition. Raises ``ValidationError`` by field.
    """
    locks.hold("definitions")
    if Measure.objects.filter(key=key).exists():
        raise ValidationError({"key": [_("Is already taken by another measure.")]})
    _check({"label": None, "definition": None, **told})
    job = _count_if_new(told["definition"], actor, now)
    measure = Measure.objects.create(
        workspace_id=current_workspace_id(),
        key=key,
        created_at=now,
        updated_at=now,
        **{name: told[name] for name in _FIELDS if name in told},
    )
    audit.record(actor=actor, action="measure.created", subject=measure, data={"key": key}, now=now)
    return measure, job


@transaction.atomic
def change_measure(
    *,
    measure_id: UUID,
    told: Mapping[str, Any],
    actor: audit.Actor,
    now: datetime,
    expected_version: int | None = None,
) -> tuple[Measure, Job | None]:
    """Change the told fields, and the job that counts for it (None: all is counted).

    Raises ``Measure.DoesNotExist``, ``StaleVersionError`` or ``ValidationError`` by field.
    """
    locks.hold("definitions")
    measure = Measure.objects.select_for_update(of=("self",), no_key=True).get(pk=measure_id)
    if expected_version is not None and measure.version != expected_version:
        raise StaleVersionError(measure.version)
    _check(told)
    before = {name: getattr(measure, name) for name in _FIELDS}
    job = _count_if_new(told["definition"], actor, now) if "definition" in told else None
    changed = writing.assign(measure, {name: told[name] for name in _FIELDS if name in told})
    if not changed:
        return measure, None
    measure.version += 1
    measure.updated_at = now
    measure.save(update_fields=[*changed, "version", "updated_at"])
    said = {name: {"from": before[name], "to": getattr(measure, name)} for name in changed}
    audit.record(actor=actor, action="measure.changed", subject=measure, data={"key": measure.key, **said}, now=now)
    return measure, job


@transaction.atomic
def delete_measure(*, measure_id: UUID, actor: audit.Actor, now: datetime) -> None:
    """Delete a measure that no scorecard in force uses; published versions, and runs under way, carry their own copy.

    Raises ``Measure.DoesNotExist``, or ``ValidationError`` naming the scorecard that uses it.
    """
    locks.hold("definitions")
    measure = Measure.objects.select_for_update(of=("self",)).get(pk=measure_id)
    newest = ScorecardVersion.objects.order_by("scorecard", "-version").distinct("scorecard")
    for version in newest.select_related("scorecard"):
        if any(item["measure"] == measure.key for item in version.content["items"]):
            raise ValidationError(
                _("The scorecard “%(name)s” uses it. Publish a version without it first; nothing was deleted.")
                % {"name": version.scorecard.name}
            )
    audit.record(
        actor=actor,
        action="measure.deleted",
        subject=measure,
        data={"key": measure.key, "definition": measure.definition},
        now=now,
    )
    measure.delete()


def _count_if_new(definition: Mapping[str, Any], actor: audit.Actor, now: datetime) -> Job | None:
    stream = stream_for(definition)
    if stream is None or stream.key in {each.key for each in active_streams()}:
        return None
    return counting.start(stream=stream, now=now, created_by_id=actor.user_id)


def _check(told: Mapping[str, Any]) -> None:
    errors: Fields = {}
    if "label" in told:
        _check_label(told["label"], "label", errors)
    if "definition" in told:
        if not isinstance(told["definition"], Mapping):
            errors["definition"] = [_("Expected an object.")]
        else:
            try:
                definition_keys.require(parse(told["definition"]))
            except DefinitionError as error:
                errors[f"definition.{error.field}"] = [error.reason]
    if errors:
        raise ValidationError(cast(Any, errors))


def _check_label(label: Any, path: str, errors: Fields) -> None:
    languages = dict(settings.LANGUAGES)
    if not isinstance(label, Mapping) or "en" not in label or not set(label) <= languages.keys():
        known = ", ".join(languages)
        errors[path] = [_("Expected texts by language, English at least. Known are %(known)s.") % {"known": known}]
    elif any(not isinstance(text, str) or not 0 < len(text.strip()) <= LONGEST_LABEL for text in label.values()):
        errors[path] = [_("Expected texts of 1 to %(most)d characters.") % {"most": LONGEST_LABEL}]


@dataclass(frozen=True, slots=True)
class Draft:
    """What a new version shall say. None: as the version in force, or the default card's.

    ``items``: dicts of measure (a key), group, weight, curve and, for other than straight lines, scoring. ``groups``:
    dicts of key, label and, for other than the sum of its measures', weight. ``exceptions``: dicts of key, label,
    measure, op, value and cap.
    """

    items: Sequence[Mapping[str, Any]]
    groups: Sequence[Mapping[str, Any]] | None = None
    bands: Mapping[str, float] | None = None
    min_coverage: float | None = None
    exceptions: Sequence[Mapping[str, Any]] | None = None


@dataclass(frozen=True, slots=True)
class Published:
    """The new version, and the run that brings every present score up to it."""

    version: ScorecardVersion
    run: ScoringRun


def content_of(card: Scorecard, draft: Draft) -> dict[str, Any]:
    """What a version made of ``draft`` would say, with the measures as they are now; stores nothing.

    Raises ``ValidationError`` with every field that is wrong (``items.0.curve``).
    """
    latest = _latest(card) or ScorecardVersion.objects.filter(scorecard__is_default=True).latest("version")
    content: dict[str, Any] = {
        "groups": [dict(each) for each in draft.groups] if draft.groups is not None else latest.content["groups"],
        "items": [],
        "bands": dict(draft.bands) if draft.bands is not None else latest.content["bands"],
        "min_coverage": latest.content["min_coverage"] if draft.min_coverage is None else draft.min_coverage,
        "exceptions": [dict(each) for each in draft.exceptions]
        if draft.exceptions is not None
        else latest.content.get("exceptions", []),
    }
    errors: Fields = {}
    _check_groups(content["groups"], errors)
    for number, each in enumerate(content["exceptions"]):
        _check_label(each["label"], f"exceptions.{number}.label", errors)
    groups = {each["key"] for each in content["groups"]}
    measures = {measure.key: measure for measure in Measure.objects.all()}
    seen: set[str] = set()
    for number, told in enumerate(draft.items[:MOST_ITEMS]):
        item = _item(told, measures, groups, seen, f"items.{number}", errors)
        if item is not None:
            content["items"].append(item)
    if len(draft.items) > MOST_ITEMS:
        errors["items"] = [_("At most %(most)d measures.") % {"most": MOST_ITEMS}]
    if not errors:
        try:
            parse_card(content)
        except DefinitionError as error:
            errors[error.field] = [error.reason]
    if errors:
        raise ValidationError(cast(Any, errors))
    return content


def _check_groups(groups: Sequence[Mapping[str, Any]], errors: Fields) -> None:
    if len({each["key"] for each in groups}) != len(groups):
        errors["groups"] = [_("Each group may appear once.")]
    for number, each in enumerate(groups):
        _check_label(each["label"], f"groups.{number}.label", errors)


def _item(
    told: Mapping[str, Any],
    measures: Mapping[str, Measure],
    groups: set[str],
    seen: set[str],
    path: str,
    errors: Fields,
) -> dict[str, Any] | None:
    measure = measures.get(told["measure"])
    if measure is None:
        errors[f"{path}.measure"] = [_("There is no measure “%(key)s”.") % {"key": told["measure"][:60]}]
        return None
    if measure.key in seen:
        errors[f"{path}.measure"] = [_("“%(key)s” appears twice.") % {"key": measure.key}]
        return None
    seen.add(measure.key)
    item = {
        "measure": measure.key,
        "label": measure.label,
        "unit": measure.unit,
        "group": told["group"],
        "weight": told["weight"],
        "scoring": told.get("scoring", LINEAR),
        "curve": [list(point) for point in told["curve"]],
        "definition": measure.definition,
    }
    try:
        parse_item(item, groups)
    except DefinitionError as error:
        errors[f"{path}.{error.field}"] = [error.reason]
        return None
    return item


@transaction.atomic
def publish(
    *,
    scorecard_id: UUID,
    draft: Draft,
    actor: audit.Actor,
    now: datetime,
    expected_version: int | None = None,
    why: str = "",
    since: date | None = None,
) -> Published:
    """Append a version, in force from ``now`` on, and plan the run that scores everybody by it.

    ``why`` is kept with the version, for those who see scores change.

    Past days keep the version they had. While no past day has a snapshot there is nothing to keep: the version is then
    in force from ``since`` on, where that is said, so that a history yet to be filled back is scored by it.

    Raises ``Scorecard.DoesNotExist``, ``StaleVersionError`` (``expected_version`` is that of the version in force),
    ``ValidationError`` by field, or ``BusyError`` while a measure of the draft is still being counted.
    """
    locks.hold("definitions")
    card = Scorecard.objects.select_for_update(of=("self",), no_key=True).get(pk=scorecard_id)
    latest = _latest(card)
    current = latest.version if latest else 0
    if expected_version is not None and current != expected_version:
        raise StaleVersionError(current)
    content = content_of(card, draft)
    _require_counted(content)
    version = ScorecardVersion.objects.create(
        workspace_id=current_workspace_id(),
        scorecard=card,
        version=current + 1,
        content=content,
        published_at=_in_force_from(since, now),
        published_by_label=actor.label[:200],
        why=why.strip(),
    )
    data = {
        "scorecard": str(card.pk),
        "version": version.version,
        "measures": len(content["items"]),
        "why": version.why,
    }
    audit.record(actor=actor, action="scorecard.published", subject=version, data=data, now=now)
    outbox.publish(
        workspace_id=current_workspace_id(),
        name="scorecard.published",
        payload={
            "scorecard_id": str(card.pk),
            "version": version.version,
            "published_at": version.published_at.isoformat(),
        },
        now=now,
    )
    today = now.astimezone(UTC).date()
    run = runs.start(kind=ScoringRun.Kind.CURRENT, days=[today], now=now, created_by_id=actor.user_id)
    return Published(version, run)


def _in_force_from(since: date | None, now: datetime) -> datetime:
    if since is None or HealthSnapshot.objects.exists():
        return now
    return min(now, datetime.combine(since, time.min, UTC))


def _latest(card: Scorecard) -> ScorecardVersion | None:
    return ScorecardVersion.objects.filter(scorecard=card).order_by("-version").first()


def _require_counted(content: Mapping[str, Any]) -> None:
    waiting = counting.under_way()
    for item in content["items"]:
        stream = stream_for(item["definition"])
        if stream is not None and stream.key in waiting:
            raise BusyError(
                _("The events of “%(key)s” are still being counted; nothing was published. Try again in a minute.")
                % {"key": item["measure"]}
            )
