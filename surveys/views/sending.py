"""The Send page: who would get a survey, sending it, and what became of each invitation."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import segments
from accounts.access import actor_of, demand
from accounts.forms import errors_into
from accounts.middleware import WorkspaceRequest
from accounts.models.customers import ContractState
from accounts.roles import Permission, allows
from accounts.selectors.customers import visible_segments
from surveys.models import Dispatch, HeldBack, SendState, State, Survey, SurveyInvitation
from surveys.selectors import invitations as reads
from surveys.selectors.addressees import REST_DAYS, Target, preview
from surveys.send_forms import EVERY_CUSTOMER, UNDER_CONTRACT, AddressesForm, SendForm
from surveys.services import mailing, sending
from surveys.views import frame
from surveys.views.access import BOTH, READ, WRITE, find, host_page

_PAGE = 50
PEOPLE, LIST = "people", "list"
UNDER = [ContractState.ACTIVE.value, ContractState.NOTICE_GIVEN.value, ContractState.IN_GRACE.value]


@host_page(BOTH)
def send(request: WorkspaceRequest, pk: UUID) -> HttpResponse:
    """Choose whom, see who is reached and who is spared, then send. People at customers need the right to see them."""
    survey = find(pk)
    may_customers = allows(request.membership.role, Permission.VIEW_CUSTOMERS)
    to = request.POST.get("to", PEOPLE if may_customers else LIST)
    posted = request.POST if request.method == "POST" else None
    first = {"remind_after_days": 7, "rest_days": REST_DAYS, "whom": UNDER_CONTRACT, "addressees": "everybody"}
    kept = list(visible_segments(request.membership)) if may_customers else []
    people = SendForm(posted if posted and to == PEOPLE else first, segments=kept, auto_id="people_%s")
    addresses = AddressesForm(posted if posted and to == LIST else None, auto_id="list_%s")
    if posted is not None:
        if to == PEOPLE:
            demand(request.membership, Permission.VIEW_CUSTOMERS)
        form = people if to == PEOPLE else addresses
        if form.is_valid() and "preview" not in request.POST and _send(request, survey, form):
            return redirect("survey_send", pk)
    reach = None
    if may_customers and survey.state == State.OPEN and people.is_valid():
        reach = preview(survey.pk, _target(request, people), timezone.now())
    context = {
        **frame.context(survey, "survey_send"),
        "people": people if may_customers else None,
        "addresses": addresses,
        "reach": reach,
        "is_open": survey.state == State.OPEN,
        "dispatches": [_row(dispatch) for dispatch in reads.dispatches_of(survey)],
        "states": _states(survey),
    }
    return render(request, "surveys/host/send.html", context)


def _target(request: WorkspaceRequest, form: SendForm) -> Target:
    said = form.cleaned_data
    segment = form.segment()
    if segment is not None:
        wanted = segments.for_reader(segments.stored(segment.definition), request.membership.pk)
    elif said["whom"] == EVERY_CUSTOMER:
        wanted = segments.EVERYBODY
    else:
        wanted = segments.where("contract_state", "in", UNDER)
    return Target(customers=wanted, addressees=said["addressees"], roles=said["roles"], rest_days=said["rest_days"])


def _send(request: WorkspaceRequest, survey: Survey, form: SendForm | AddressesForm) -> bool:
    said = form.cleaned_data
    told: dict[str, Any] = {
        "survey_id": survey.pk,
        "remind_after_days": said["remind_after_days"],
        "actor": actor_of(request),
        "now": timezone.now(),
    }
    try:
        if isinstance(form, SendForm):
            sending.send(target=_target(request, form), label=form.words(), **told)
            messages.success(request, _("The invitations are being written; the mails follow by themselves."))
        else:
            dispatch = sending.invite_addresses(emails=said["emails"], rest_days=said["rest_days"], **told)
            n = dispatch.counts.get("mail", 0)
            done = ngettext(
                "%(n)d address is mailed by itself now.", "%(n)d addresses are mailed by themselves now.", n
            )
            messages.success(request, done % {"n": n})
    except ValidationError as error:
        errors_into(form, error)
        return False
    return True


@host_page(READ)
def progress(request: WorkspaceRequest, pk: UUID) -> HttpResponse:
    """How far the writing of the invitations is; asked for by the page while it runs."""
    dispatch = Dispatch.objects.select_related("job").filter(pk=pk).first()
    if dispatch is None or dispatch.job is None:
        raise Http404
    return render(request, "components/job.html", _job(dispatch))


@host_page(READ)
def invitations(request: WorkspaceRequest, pk: UUID) -> HttpResponse:
    """The invitations one by one, by what became of them."""
    survey = find(pk)
    state = request.GET.get("state", "")
    state = state if state in SendState.values else ""
    page = Paginator(reads.invitations_of(survey, state), _PAGE).get_page(request.GET.get("page"))
    here = reverse("survey_invitations", args=[pk])
    context = {
        **frame.context(survey, "survey_send"),
        "state": state,
        "views": [
            {"url": here, "label": _("All"), "current": not state},
            *({"url": row["url"], "label": row["label"], "current": row["state"] == state} for row in _states(survey)),
        ],
        "rows": [_invited(row, request) for row in page],
        "previous_url": f"?state={state}&page={page.previous_page_number()}" if page.has_previous() else None,
        "next_url": f"?state={state}&page={page.next_page_number()}" if page.has_next() else None,
        "shown": _("%(first)d to %(last)d of %(all)d")
        % {"first": page.start_index(), "last": page.end_index(), "all": page.paginator.count},
    }
    return render(request, "surveys/host/invitations.html", context)


@host_page(WRITE)
def send_again(request: WorkspaceRequest, pk: UUID) -> HttpResponse:
    """Mail once more what failed."""
    survey = find(pk)
    n = mailing.send_again(survey_id=survey.pk, actor=actor_of(request), now=timezone.now())
    done = ngettext("%(n)d mail is sent once more.", "%(n)d mails are sent once more.", n) % {"n": n}
    messages.success(request, done)
    return redirect("survey_send", pk)


def _states(survey: Survey) -> list[dict[str, Any]]:
    counts = reads.states_of(survey)
    here = reverse("survey_invitations", args=[survey.pk])
    return [
        {"state": state.value, "label": state.label, "n": counts[state], "url": f"{here}?state={state.value}"}
        for state in SendState
        if counts.get(state)
    ]


def _row(dispatch: Dispatch) -> dict[str, Any]:
    words = {
        "mail": _("mailed"),
        "asked_lately": _("spared, asked lately"),
        "suppressed": _("want no mail"),
        "no_address": _("without address"),
        "invited": _("asked before"),
    }
    return {
        "dispatch": dispatch,
        "label": dispatch.label or _("A list of addresses"),
        "who": _who(dispatch),
        "counts": [(label, dispatch.counts[key]) for key, label in words.items() if dispatch.counts.get(key)],
        "job": _job(dispatch) if dispatch.job is not None and not dispatch.job.is_finished else None,
    }


def _who(dispatch: Dispatch) -> str:
    if dispatch.is_personal:
        return _("The person it happened to")
    return dispatch.get_addressees_display() if dispatch.label else ""


def _job(dispatch: Dispatch) -> dict[str, Any]:
    assert dispatch.job is not None
    return {
        "job": dispatch.job,
        "eta_seconds": dispatch.job.eta_seconds(timezone.now()),
        "job_url": reverse("survey_send_progress", args=[dispatch.pk]),
        "cancel_url": None,
    }


def _invited(row: SurveyInvitation, request: WorkspaceRequest) -> dict[str, Any]:
    may_see = row.contact_id is None or allows(request.membership.role, Permission.VIEW_CUSTOMERS)
    reason = HeldBack(row.reason).label if row.reason in HeldBack.values else row.reason
    if row.reason == mailing.INTERRUPTED:
        reason = _("the line broke while it was sent; it may have arrived")
    return {
        "invitation": row,
        "email": row.email if may_see else _("hidden"),
        "customer": row.customer if may_see else None,
        "url": reverse("customer_detail", args=[row.customer_id]) if may_see and row.customer_id else None,
        "reason": reason,
        "at": row.answered_at or row.sent_at or row.created_at,
    }
