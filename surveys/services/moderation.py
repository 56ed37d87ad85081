"""Taking answers out of the count, and putting them back: each time a line of the public log says how many and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from csplatform.core import audit, outbox
from surveys.models import COUNTING, Removal, RemovalReason, Response, Status, Survey
from surveys.services import answering

MOST_AT_ONCE = 1_000


@transaction.atomic
def remove(*, response_ids: Iterable[UUID], reason: str, actor: audit.Actor, now: datetime) -> int:
    """Remove answers from the count; returns how many were removed. Nothing is deleted.

    Test answers, those that do not count and those of other workspaces are left alone. Raises ``ValidationError`` for
    a reason that is none of ``RemovalReason``, and for more than ``MOST_AT_ONCE``.
    """
    if reason not in RemovalReason.values:
        raise ValidationError({"reason": _("Choose one of the reasons.")})
    rows = [row for row in _locked(response_ids) if row.status in COUNTING]
    for row in rows:
        row.status, row.removed_at, row.removal_reason = Status.REMOVED, now, reason
    _log(rows, Counter((row.survey_id, reason) for row in rows), "survey.answers_removed", actor, now)
    return len(rows)


@transaction.atomic
def restore(*, response_ids: Iterable[UUID], actor: audit.Actor, now: datetime) -> int:
    """Put removed answers back into the count, flagged as they were; returns how many. The log gets a negative line.

    Raises ``ValidationError`` for more than ``MOST_AT_ONCE``.
    """
    rows = [row for row in _locked(response_ids) if row.status == Status.REMOVED]
    lines = Counter({key: -n for key, n in Counter((row.survey_id, row.removal_reason) for row in rows).items()})
    for row in rows:
        row.status = Status.FLAGGED if row.flags else Status.COUNTED
        row.removed_at, row.removal_reason, row.restored_at = None, "", now
    _log(rows, lines, "survey.answers_restored", actor, now)
    return len(rows)


def _locked(response_ids: Iterable[UUID]) -> list[Response]:
    """The answers, the survey before them, as everybody locks who changes both."""
    ids = list(dict.fromkeys(response_ids))
    if len(ids) > MOST_AT_ONCE:
        raise ValidationError(_("At most %(n)d answers at once.") % {"n": MOST_AT_ONCE})
    asked = Response.objects.filter(pk__in=ids, is_test=False)
    list(Survey.objects.select_for_update(no_key=True).filter(pk__in=asked.values("survey_id")).order_by("pk"))
    return list(asked.select_for_update(of=("self",)).order_by("pk"))


def _log(
    rows: list[Response], lines: Counter[tuple[UUID, str]], action: str, actor: audit.Actor, now: datetime
) -> None:
    Response.objects.bulk_update(rows, ["status", "removed_at", "removal_reason", "restored_at"])
    answering.tell_of_scores(rows, now)
    surveys = Survey.objects.in_bulk({survey_id for survey_id, _reason in lines})
    for (survey_id, reason), count in lines.items():
        survey = surveys[survey_id]
        Removal.objects.create(
            workspace_id=survey.workspace_id, survey=survey, at=now, reason=reason, count=count, by_label=actor.label
        )
        named = [str(row.pk) for row in rows if row.survey_id == survey_id]
        data = {"count": abs(count), "reason": reason, "answers": named}
        audit.record(actor=actor, action=action, subject=survey, data=data, now=now)
        payload = {"survey_id": str(survey_id), "count": abs(count)}
        outbox.publish(workspace_id=survey.workspace_id, name=action, payload=payload, now=now)
