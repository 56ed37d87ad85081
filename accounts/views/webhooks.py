"""Webhooks: made (the secret shown once), changed, tested, and what became of each delivery."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import actor_of, requires
from accounts.forms import errors_into
from accounts.middleware import WorkspaceRequest
from accounts.models import Failure, WebhookDelivery, WebhookEndpoint
from accounts.roles import Permission
from accounts.webhook_forms import DeliveryFilterForm, ReplayForm, WebhookEditForm, WebhookForm
from accounts.webhooks import catalogue, deliveries, endpoints, selectors

_PAGE = 50


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.MANAGE_KEYS)
def listing(request: WorkspaceRequest) -> HttpResponse:
    """The workspace's webhooks. A POST makes one and shows its secret in its own answer, and nowhere else."""
    form = WebhookForm(request.POST or None)
    context: dict[str, Any] = {}
    if request.method == "POST" and form.is_valid():
        try:
            made, secret = endpoints.create(**form.cleaned_data, actor=actor_of(request), now=timezone.now())
            context = {"made": made, "secret": secret}
            form = WebhookForm()
        except ValidationError as error:
            errors_into(form, error)
    context |= {"form": form, "listed": selectors.listing(now=timezone.now())}
    return render(request, "accounts/settings/webhooks.html", context)


@require_safe
@requires(Permission.MANAGE_KEYS)
def events(request: WorkspaceRequest) -> HttpResponse:
    """The catalogue: every event, with the fields of its data and an example."""
    shown = [(each, _pretty(each.example)) for each in catalogue.all_events()]
    return render(request, "accounts/settings/webhook_events.html", {"events": shown})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.MANAGE_KEYS)
def detail(request: WorkspaceRequest, pk: UUID) -> HttpResponse:
    """One webhook: how it stands, its deliveries, its settings. A POST changes the settings."""
    endpoint = get_object_or_404(selectors.with_failures(), pk=pk)
    form = WebhookEditForm(request.POST or None, endpoint=endpoint)
    if request.method == "POST" and form.is_valid():
        try:
            endpoints.update(endpoint_id=pk, told=form.cleaned_data, actor=actor_of(request), now=timezone.now())
            messages.success(request, _("Saved."))
            return redirect("webhook_detail", pk)
        except ValidationError as error:
            errors_into(form, error)
    return _detail_page(request, endpoint, form=form)


@never_cache
@require_POST
@requires(Permission.MANAGE_KEYS)
def rotate(request: WorkspaceRequest, pk: UUID) -> HttpResponse:
    """A new secret, shown in this answer and nowhere else."""
    get_object_or_404(WebhookEndpoint, pk=pk)
    _rotated, secret = endpoints.rotate_secret(endpoint_id=pk, actor=actor_of(request), now=timezone.now())
    return _detail_page(request, selectors.with_failures().get(pk=pk), secret=secret)


@require_POST
@requires(Permission.MANAGE_KEYS)
def test(request: WorkspaceRequest, pk: UUID) -> HttpResponse:
    get_object_or_404(WebhookEndpoint, pk=pk)
    try:
        deliveries.send_test(endpoint_id=pk, actor=actor_of(request), now=timezone.now())
        messages.success(request, _("A test event is on its way: see below what becomes of it."))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return redirect("webhook_detail", pk)


@require_POST
@requires(Permission.MANAGE_KEYS)
def delete(request: WorkspaceRequest, pk: UUID) -> HttpResponse:
    endpoint = get_object_or_404(WebhookEndpoint, pk=pk)
    endpoints.delete(endpoint_id=pk, actor=actor_of(request), now=timezone.now())
    messages.success(request, _("%(name)s is deleted, with the log of its deliveries.") % {"name": endpoint})
    return redirect("webhook_list")


@require_POST
@requires(Permission.MANAGE_KEYS)
def replay_failed(request: WorkspaceRequest, pk: UUID) -> HttpResponse:
    """Everything that failed since a day, once more."""
    endpoint = get_object_or_404(selectors.with_failures(), pk=pk)
    form = ReplayForm(request.POST)
    if not form.is_valid():
        return _detail_page(request, endpoint, replay_form=form)
    try:
        since = selectors.start_of(form.cleaned_data["since"])
        count = deliveries.replay_failed(endpoint_id=pk, since=since, actor=actor_of(request), now=timezone.now())
        text = ngettext("%(n)d delivery is on its way again.", "%(n)d deliveries are on their way again.", count)
        messages.success(request, text % {"n": count})
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return redirect("webhook_detail", pk)


@require_safe
@requires(Permission.MANAGE_KEYS)
def delivery(request: WorkspaceRequest, pk: UUID, delivery_pk: UUID) -> HttpResponse:
    """One delivery: what was sent, and every attempt with its answer."""
    row: WebhookDelivery = get_object_or_404(
        WebhookDelivery.objects.select_related("endpoint"), pk=delivery_pk, endpoint=pk
    )
    attempts = [{**line, "at": datetime.fromisoformat(line["at"]), "why": _why(line)} for line in row.log]
    context = {"delivery": row, "endpoint": row.endpoint, "attempts": attempts[::-1], "data": _pretty(row.data)}
    return render(request, "accounts/settings/webhook_delivery.html", context)


@require_POST
@requires(Permission.MANAGE_KEYS)
def replay(request: WorkspaceRequest, pk: UUID, delivery_pk: UUID) -> HttpResponse:
    get_object_or_404(WebhookDelivery, pk=delivery_pk, endpoint=pk)
    try:
        deliveries.replay(delivery_id=delivery_pk, actor=actor_of(request), now=timezone.now())
        messages.success(request, _("It is on its way again, under its old id."))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return redirect("webhook_delivery", pk, delivery_pk)


def _detail_page(
    request: WorkspaceRequest,
    endpoint: WebhookEndpoint,
    *,
    form: WebhookEditForm | None = None,
    replay_form: ReplayForm | None = None,
    secret: str = "",
) -> HttpResponse:
    now = timezone.now()
    filters = DeliveryFilterForm(request.GET)
    chosen = filters.cleaned_data if filters.is_valid() else {}
    page = Paginator(selectors.deliveries_of(endpoint, **chosen), _PAGE).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    context = {
        "endpoint": endpoint,
        "form": form or WebhookEditForm(endpoint=endpoint),
        "filters": filters,
        "replay_form": replay_form or ReplayForm(initial={"since": (now - timedelta(days=1)).date()}),
        "page": page,
        "query": query.urlencode(),
        "secret": secret,
        "old_secret_until": endpoint.retired_until if endpoint.retired_until and endpoint.retired_until > now else None,
    }
    return render(request, "accounts/settings/webhook_detail.html", context)


def _why(line: dict[str, Any]) -> str:
    return str(Failure(line["error"]).label) if line["error"] else ""


def _pretty(data: dict[str, Any]) -> str:
    return json.dumps(data, indent=2, ensure_ascii=False)
