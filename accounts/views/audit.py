"""The audit trail: who did what, when."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.access import requires
from accounts.forms import AuditFilterForm
from accounts.middleware import WorkspaceRequest
from accounts.roles import Permission
from accounts.selectors.audit import trail

_PAGE = 100


@require_safe
@requires(Permission.VIEW_AUDIT)
def listing(request: WorkspaceRequest) -> HttpResponse:
    form = AuditFilterForm(request.GET)
    chosen = form.cleaned_data if form.is_valid() else {}
    page = Paginator(trail(**chosen), _PAGE).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    context = {"form": form, "page": page, "query": query.urlencode()}
    return render(request, "accounts/settings/audit.html", context)
