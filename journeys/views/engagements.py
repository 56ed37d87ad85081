"""Logging, changing and taking back conversations; files dropped on a customer."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import actor_of, requires
from accounts.forms import errors_into
from accounts.middleware import WorkspaceRequest
from accounts.models import Customer
from accounts.roles import Permission
from accounts.services.results import StaleVersionError
from csplatform.core.ids import parse_uuid, uuid7
from journeys.engagement.files import MAX_BYTES
from journeys.engagement_forms import EngagementForm, FilesForm, QuickLogForm
from journeys.models import Engagement
from journeys.selectors import engagements as selectors
from journeys.services import engagement_files, engagements, quick_logging

_BAD, _CONFLICT = 422, 409
_MORE = ("body", "occurred_at", "direction", "channel", "sentiment")


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.VIEW_CUSTOMERS, write=Permission.EDIT_CUSTOMERS)
def log(request: WorkspaceRequest) -> HttpResponse:
    """One line logged; what could not be understood is shown again as it was typed, with why."""
    told = request.POST if request.method == "POST" else request.GET
    customer = _customer(told.get("customer", ""))
    if request.method != "POST":
        form = QuickLogForm(
            initial={"customer": told.get("customer", ""), "once": uuid7()},
            workspace=request.workspace,
            customer=customer,
        )
        return _log_page(request, form, customer)
    form = QuickLogForm(request.POST, workspace=request.workspace, customer=customer)
    if form.is_valid():
        try:
            made = _logged(request, form.cleaned_data, customer)
        except ValidationError as error:
            errors_into(form, error)
        else:
            who = ", ".join(link.customer.name for link in made.customers.select_related("customer"))
            messages.success(request, _("Logged with %(who)s: %(subject)s") % {"who": who, "subject": made.subject})
            return redirect(_back(request, form.cleaned_data["here"], made, customer))
    return _log_page(request, form, customer, status=_BAD)


def _logged(request: WorkspaceRequest, told: dict[str, Any], customer: Customer | None) -> Engagement:
    more = {name: told[name] for name in _MORE}
    if told.get("outcome"):
        more["outcome_external_id"] = told["outcome"].external_id
    return quick_logging.log_line(
        line=told["line"],
        customer=customer,
        more=more,
        by=request.membership,
        actor=actor_of(request),
        now=timezone.now(),
        once=told["once"],
    )


def _log_page(
    request: WorkspaceRequest, form: QuickLogForm, customer: Customer | None, status: int = 200
) -> HttpResponse:
    context = {"form": form, "customer": customer, "back": _activity(customer) if customer else reverse("today")}
    return render(request, "journeys/engagement_log.html", context, status=status)


def _back(request: WorkspaceRequest, here: str, made: Engagement, customer: Customer | None) -> str:
    """Where it was typed, with the id of what was logged, so that it can be taken back there."""
    if not url_has_allowed_host_and_scheme(here, allowed_hosts=None) or not here.startswith("/"):
        first = customer or made.customers.select_related("customer").first().customer  # type: ignore[union-attr]  # there is always one
        here = _activity(first)
    return f"{here}{'&' if '?' in here else '?'}{urlencode({'logged': made.pk})}"


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.VIEW_CUSTOMERS, write=Permission.EDIT_CUSTOMERS)
def edit(request: WorkspaceRequest, engagement_id: UUID) -> HttpResponse:
    """One conversation with everything it says; changing it keeps what was typed when somebody else was quicker."""
    found = next(iter(selectors.with_people([engagement_id])), None)
    if found is None:
        raise Http404
    customers = [link.customer_id for link in found.customers.all()]
    form = EngagementForm(
        request.POST or None,
        initial=_initial(found, request.workspace.time_zone),
        workspace=request.workspace,
        customers=customers,
    )
    status = 200
    if request.method == "POST":
        status = _BAD
        if form.is_valid():
            try:
                _change(request, found, form.cleaned_data)
            except ValidationError as error:
                errors_into(form, error)
            except StaleVersionError:
                status = _CONFLICT
                form.add_error(None, _("Somebody changed this meanwhile. Nothing was saved; compare and save again."))
                form.data = _with_version(request, found.version)
            else:
                messages.success(request, _("The conversation was changed."))
                return redirect(_activity(found.customers.all()[0].customer))
    context = {"engagement": found, "form": form, "back": _activity(found.customers.all()[0].customer)}
    return render(request, "journeys/engagement_edit.html", context, status=status)


def _initial(found: Engagement, zone: str) -> dict[str, Any]:
    return {
        "subject": found.subject,
        "direction": found.direction,
        "channel": found.channel,
        "occurred_at": f"{found.occurred_at.astimezone(ZoneInfo(zone)):%Y-%m-%dT%H:%M}",
        "sentiment": found.sentiment,
        "third_party": found.third_party,
        "contacts": [link.contact_id for link in found.contacts.all()],
        "body": found.body,
        "version": found.version,
    }


def _with_version(request: WorkspaceRequest, version: int) -> Any:
    """What was typed, over the version that is there now."""
    told = request.POST.copy()
    told["version"] = str(version)
    return told


def _change(request: WorkspaceRequest, found: Engagement, told: dict[str, Any]) -> None:
    expected = told.pop("version")
    told["contact_external_id"] = [each.external_id for each in told.pop("contacts")]
    engagements.update(
        engagement_id=found.pk, told=told, actor=actor_of(request), now=timezone.now(), expected_version=expected
    )


@require_POST
@requires(Permission.VIEW_CUSTOMERS, write=Permission.EDIT_CUSTOMERS)
def remove(request: WorkspaceRequest, engagement_id: UUID) -> HttpResponse:
    """Take a conversation back."""
    customer = Customer.objects.filter(engagements__engagement_id=engagement_id).order_by("name_sort", "pk").first()
    if customer is None:
        raise Http404
    try:
        engagements.remove(engagement_id=engagement_id, actor=actor_of(request), now=timezone.now())
    except Engagement.DoesNotExist as error:
        raise Http404 from error
    messages.success(request, _("The conversation was deleted."))
    return redirect(_activity(customer))


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.VIEW_CUSTOMERS, write=Permission.EDIT_CUSTOMERS)
def files(request: WorkspaceRequest) -> HttpResponse:
    """E-mails and calendar files: what became of each, by name."""
    told = request.POST if request.method == "POST" else request.GET
    customer = _customer(told.get("customer", ""))
    form = FilesForm(initial={"customer": customer.pk if customer else ""})
    context: dict[str, Any] = {"form": form, "customer": customer, "back": _activity(customer) if customer else None}
    status = 200
    if request.method == "POST":
        uploads = request.FILES.getlist("files")
        try:
            if not uploads:
                raise ValidationError({"files": [_("Choose at least one .eml or .ics file.")]})
            # One byte more than may be is enough to refuse a file.
            content = [
                (each.name or "", each.read(MAX_BYTES + 1)) for each in uploads[: engagement_files.MAX_FILES + 1]
            ]
            context["taken"] = engagement_files.take_in(
                files=content, actor=actor_of(request), now=timezone.now(), customer=customer
            )
        except ValidationError as error:
            context["problem"] = " ".join(error.messages)
            status = _BAD
    return render(request, "journeys/engagement_files.html", context, status=status)


def _customer(told: str) -> Customer | None:
    """The customer an address or form names; 404 where it names none that is ours."""
    if not told:
        return None
    found: Customer | None = Customer.objects.filter(pk=parse_uuid(told) or uuid7()).first()
    if found is None:
        raise Http404
    return found


def _activity(customer: Customer) -> str:
    return f"{reverse('customer_detail', args=[customer.pk])}?tab=activity"
