"""Bulk changes: choose, see who is hit, do it, undo it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST

from accounts.access import actor_of, demand, requires
from accounts.middleware import WorkspaceRequest
from accounts.models import BulkChange, BulkKind, Membership
from accounts.roles import Permission
from accounts.selectors import customers as selectors
from accounts.selectors.members import present_members
from accounts.services import bulk_changes
from accounts.views.customers import asked
from accounts.views.customers.listing import CHANGED
from csplatform.core.ids import parse_uuid

SELECTED, MATCHING = "selected", "matching"
NAMED = 12


class TagForm(forms.Form):
    value = forms.CharField(label=gettext_lazy("Tag"), max_length=60)


class AssignForm(forms.Form):
    value = forms.ChoiceField(label=gettext_lazy("CSM"), required=False)

    def __init__(self, *args: Any, members: list[Membership], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["value"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", _("Nobody")), *((str(member.pk), str(member.user)) for member in members)]


@require_POST
@requires(Permission.VIEW_CUSTOMERS, write=Permission.EDIT_CUSTOMERS)
def customer_bulk(request: WorkspaceRequest) -> HttpResponse:
    """First without ``confirm``: who would be hit; then with it: the change, and back to the list with undo."""
    kind = _kind(request)
    query = request.POST.get("query", "")
    chosen = [identity for text in request.POST.getlist("customer") if (identity := parse_uuid(text))]
    scope = request.POST.get("scope", SELECTED)
    confirming = "confirm" in request.POST
    form = _form(request, kind, bound=confirming)
    if not chosen and scope != MATCHING:
        messages.warning(request, _("No customer was selected, so nothing was changed."))
        return redirect(_list_url(query))
    if confirming and form.is_valid():
        try:
            return _make(request, kind, form.cleaned_data["value"], _targets(request, scope, chosen, query), query)
        except ValidationError as error:
            form.add_error(None if "customers" in error.message_dict else "value", error.messages)
    return render(request, "accounts/customer_bulk.html", _preview(request, kind, form, chosen, scope, query))


@require_POST
@requires(Permission.VIEW_CUSTOMERS, write=Permission.EDIT_CUSTOMERS)
def bulk_undo(request: WorkspaceRequest, change_id: UUID) -> HttpResponse:
    """Undo one's own change while it is young."""
    try:
        restored, left = bulk_changes.undo(
            change_id=change_id, by=request.membership, actor=actor_of(request), now=timezone.now()
        )
    except BulkChange.DoesNotExist as error:
        raise Http404 from error
    except ValidationError as error:
        messages.warning(request, " ".join(error.messages))
    else:
        told = ngettext("%(n)d customer is as before.", "%(n)d customers are as before.", restored) % {"n": restored}
        if left:
            told += " " + ngettext(
                "%(n)d was changed again meanwhile and left alone.",
                "%(n)d were changed again meanwhile and left alone.",
                left,
            ) % {"n": left}
        messages.success(request, told)
    return redirect(_list_url(request.POST.get("query", "")))


def _kind(request: WorkspaceRequest) -> BulkKind:
    try:
        kind = BulkKind(request.POST.get("action", ""))
    except ValueError as error:
        raise Http404 from error
    if kind == BulkKind.ASSIGN:
        demand(request.membership, Permission.ASSIGN_PORTFOLIOS)
    return kind


def _form(request: WorkspaceRequest, kind: BulkKind, *, bound: bool) -> forms.Form:
    data = request.POST if bound else None
    if kind == BulkKind.ASSIGN:
        return AssignForm(data, members=list(present_members(request.workspace)))
    return TagForm(data)


def _targets(request: WorkspaceRequest, scope: str, chosen: list[UUID], query: str) -> list[UUID]:
    """The customers to change; one more than allowed is enough to be refused."""
    rows = selectors.customers(_conditions(request, scope, chosen, query))
    return list(rows.order_by("pk").values_list("pk", flat=True)[: bulk_changes.MAX_CUSTOMERS + 1])


def _conditions(request: WorkspaceRequest, scope: str, chosen: list[UUID], query: str) -> Q:
    if scope != MATCHING:
        return Q(pk__in=chosen)
    return asked.read(QueryDict(query), membership=request.membership, now=timezone.now()).wanted()


def _make(request: WorkspaceRequest, kind: BulkKind, value: str, ids: list[UUID], query: str) -> HttpResponse:
    change = bulk_changes.make(
        kind=kind,
        value=value,
        customer_ids=ids,
        by=request.membership,
        actor=actor_of(request),
        now=timezone.now(),
    )
    hit, same = len(change.before), len(ids) - len(change.before)
    told = ngettext("%(n)d customer was changed.", "%(n)d customers were changed.", hit) % {"n": hit}
    if same:
        told += " " + ngettext("%(n)d was so already.", "%(n)d were so already.", same) % {"n": same}
    messages.success(request, told)
    changed = QueryDict(query, mutable=True)
    if hit:
        changed[CHANGED] = str(change.pk)
    return redirect(_list_url(changed.urlencode()))


def _preview(
    request: WorkspaceRequest, kind: BulkKind, form: forms.Form, chosen: list[UUID], scope: str, query: str
) -> dict[str, Any]:
    selected = selectors.customers(Q(pk__in=chosen))
    largest = selected.order_by("-arr_minor", "pk").values_list("name", "arr_minor")[:NAMED]
    return {
        "kind": kind,
        "form": form,
        "chosen": chosen,
        "scope": scope,
        "query": query,
        "selected": selectors.summary(Q(pk__in=chosen)),
        "matching": selectors.summary(_conditions(request, MATCHING, chosen, query)),
        "most": bulk_changes.MAX_CUSTOMERS,
        "largest": [{"name": name, "arr_minor": arr} for name, arr in largest],
        "currency": request.workspace.currency,
        "list_url": _list_url(query),
    }


def _list_url(query: str) -> str:
    return reverse("customer_list") + (f"?{QueryDict(query).urlencode()}" if query else "")
