"""What one does with a handover: tick, accept, decline, withdraw, offer again."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.access import actor_of, requires
from accounts.forms import errors_into
from accounts.middleware import WorkspaceRequest
from accounts.roles import Department, Permission
from journeys.forms import AcceptForm, DeclineForm, ReofferForm, WithdrawForm
from journeys.models import RelayItem
from journeys.selectors.relays import Box
from journeys.services import relaying
from journeys.services.moving import ConflictError, MissingError
from journeys.services.relaying import NotYoursError
from journeys.views import relays

_BAD, _CONFLICT = 422, 409


@require_POST
@requires(Permission.VIEW_CUSTOMERS, write=Permission.EDIT_CUSTOMERS)
def tick(request: WorkspaceRequest, relay_id: UUID, relayitem_id: UUID) -> HttpResponse:
    """Tick a line, or take the tick back (``done`` empty)."""
    relay, done = relays.found(relay_id), bool(request.POST.get("done"))
    try:
        relaying.tick(relay_id=relay.pk, item_id=relayitem_id, done=done, actor=actor_of(request), now=timezone.now())
    except RelayItem.DoesNotExist as error:
        raise Http404 from error
    except ConflictError as error:
        messages.error(request, str(error))
    return redirect(_here(request, relay.pk))


@require_POST
@requires(Permission.VIEW_CUSTOMERS, write=Permission.EDIT_CUSTOMERS)
def accept(request: WorkspaceRequest, relay_id: UUID) -> HttpResponse:
    """Take the customer over; what is missing is named above the checklist, and the note is kept."""
    relay = relays.found(relay_id)
    form = AcceptForm(request.POST)
    note = request.POST.get("note", "")
    if not form.is_valid():
        messages.error(request, " ".join(map(str, form.errors["note"])))
        return relays.page(request, relay, note=note, status=_BAD)
    try:
        relaying.accept(relay_id=relay.pk, note=form.cleaned_data["note"], **_by(request))
    except MissingError as error:
        return relays.page(request, relay, missing=error.missing, note=note, status=_CONFLICT)
    except ConflictError as error:
        return _told(request, error, relay.pk)
    except NotYoursError as error:
        raise PermissionDenied(str(error)) from error
    told = {"customer": relay.customer.name, "stage": relay.to_stage.label}
    messages.success(request, _("Accepted: %(customer)s is at %(stage)s now.") % told)
    return redirect(_list(request))


@require_POST
@requires(Permission.VIEW_CUSTOMERS, write=Permission.EDIT_CUSTOMERS)
def decline(request: WorkspaceRequest, relay_id: UUID) -> HttpResponse:
    """Refuse it with a reason; a form that lacks one comes back with what was typed."""
    relay, form = relays.found(relay_id), DeclineForm(request.POST)
    if not form.is_valid():
        return relays.page(request, relay, decline_form=form, status=_BAD)
    try:
        relaying.decline(relay_id=relay.pk, **form.cleaned_data, **_by(request))
    except ValidationError as error:
        errors_into(form, error)
        return relays.page(request, relay, decline_form=form, status=_BAD)
    except ConflictError as error:
        return _told(request, error, relay.pk)
    except NotYoursError as error:
        raise PermissionDenied(str(error)) from error
    told = {"customer": relay.customer.name, "department": Department(relay.giver_department).label}
    messages.success(request, _("Declined: %(customer)s went back to %(department)s.") % told)
    return redirect(_list(request))


@require_POST
@requires(Permission.VIEW_CUSTOMERS, write=Permission.EDIT_CUSTOMERS)
def withdraw(request: WorkspaceRequest, relay_id: UUID) -> HttpResponse:
    """Take the offer back."""
    relay, form = relays.found(relay_id), WithdrawForm(request.POST)
    if not form.is_valid():
        messages.error(request, " ".join(map(str, form.errors["reason"])))
        return redirect(_here(request, relay.pk))
    try:
        relaying.withdraw(relay_id=relay.pk, reason=form.cleaned_data["reason"], **_by(request))
    except ConflictError as error:
        return _told(request, error, relay.pk)
    except NotYoursError as error:
        raise PermissionDenied(str(error)) from error
    messages.success(request, _("Withdrawn: %(customer)s stays with you.") % {"customer": relay.customer.name})
    return redirect(_list(request))


@require_POST
@requires(Permission.VIEW_CUSTOMERS, write=Permission.EDIT_CUSTOMERS)
def reoffer(request: WorkspaceRequest, relay_id: UUID) -> HttpResponse:
    """Offer again what was declined or withdrawn."""
    relay, form = relays.found(relay_id), ReofferForm(request.POST, workspace=request.workspace)
    if not form.is_valid():
        return relays.page(request, relay, reoffer_form=form, status=_BAD)
    try:
        again = relaying.reoffer(relay_id=relay.pk, **form.cleaned_data, **_by(request))
    except ValidationError as error:
        errors_into(form, error)
        return relays.page(request, relay, reoffer_form=form, status=_BAD)
    except ConflictError as error:
        return _told(request, error, relay.pk)
    except NotYoursError as error:
        raise PermissionDenied(str(error)) from error
    messages.success(request, _("Offered again."))
    return redirect(relays.address(again.pk, Box.GIVEN))


def _by(request: WorkspaceRequest) -> dict[str, Any]:
    return {"by": request.membership, "actor": actor_of(request), "now": timezone.now()}


def _told(request: WorkspaceRequest, error: ConflictError, relay_id: UUID) -> HttpResponse:
    """Somebody else decided first: say so, and show how it stands now."""
    messages.warning(request, str(error))
    return redirect(_here(request, relay_id))


def _here(request: WorkspaceRequest, relay_id: UUID) -> str:
    box = relays.named_box(request)
    return relays.address(relay_id, box) if box else reverse("relay_detail", args=[relay_id])


def _list(request: WorkspaceRequest) -> str:
    box = relays.named_box(request)
    here = reverse("relay_inbox")
    return f"{here}?box={box.value}" if box else here
