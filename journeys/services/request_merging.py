"""Requests that turn out to be the same: merged so that their askers count together, and taken apart again."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from csplatform.core import audit, locks, outbox
from journeys.models import Request, RequestCustomer
from journeys.selectors import requests as selectors
from journeys.services import request_news


@transaction.atomic
def merge(*, request_id: UUID, into_id: UUID, actor: audit.Actor, now: datetime) -> Request:
    """``request_id`` is the same as ``into_id``: from now on who asked for the one is behind the other.

    Raises ``Request.DoesNotExist``, or ``ValidationError`` for a request merged with itself or merged already. If the
    other has shipped lately, the new ones behind it are told.
    """
    # Two merges that each see half of a circle would close it together.
    locks.hold("requests")
    pair = {each.pk: each for each in Request.objects.select_for_update().filter(pk__in=[request_id, into_id])}
    if len({request_id, into_id} - pair.keys()):
        raise Request.DoesNotExist
    request, into = pair[request_id], pair[into_id]
    root = selectors.roots([into_id]).get(into_id, into_id)
    if request.merged_into_id is not None:
        raise ValidationError({"into": [_("This request is merged already.")]})
    if root == request_id:
        raise ValidationError({"into": [_("A request cannot be merged into itself or into one that is part of it.")]})
    request.merged_into, request.merged_at = into, now
    _save(request, now)
    RequestCustomer.objects.filter(counts_for=request).update(counts_for_id=root)
    data = {"into": str(into.pk), "title": request.title}
    audit.record(actor=actor, action="request.merged", subject=request, data=data, now=now)
    told = {"request_id": str(request.pk), "into_id": str(into.pk)}
    outbox.publish(workspace_id=request.workspace_id, name="request.merged", payload=told, now=now)
    request_news.shipped(requests=[Request.objects.get(pk=root)], actor=actor, now=now)
    return into


@transaction.atomic
def split(*, request_id: UUID, actor: audit.Actor, now: datetime) -> Request:
    """Take a merge back. Raises ``Request.DoesNotExist``, or ``ValidationError`` for one that is not merged."""
    locks.hold("requests")
    request = Request.objects.select_for_update().get(pk=request_id)
    if request.merged_into_id is None:
        raise ValidationError(_("This request is not merged."))
    split_off(request, actor=actor, now=now)
    return request


def split_off(request: Request, *, actor: audit.Actor, now: datetime) -> None:
    """The request stands on its own again, with all that was merged into it before."""
    before = request.merged_into_id
    request.merged_into, request.merged_at = None, None
    _save(request, now)
    RequestCustomer.objects.filter(request_id__in=selectors.with_merged(request.pk)).update(counts_for=request)
    audit.record(actor=actor, action="request.split", subject=request, data={"from": str(before)}, now=now)


def _save(request: Request, now: datetime) -> None:
    request.version += 1
    request.updated_at = now
    request.save(update_fields=["merged_into", "merged_at", "version", "updated_at"])
