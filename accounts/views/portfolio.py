"""Portfolios: who holds how many customers, who is away, and handing over with a look beforehand."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import actor_of, requires
from accounts.forms import PortfolioForm, errors_into
from accounts.middleware import WorkspaceRequest
from accounts.models import Membership
from accounts.models.customers import TeamRole
from accounts.roles import Permission
from accounts.selectors import members as selectors
from accounts.services import portfolio


@require_safe
@requires(Permission.ASSIGN_PORTFOLIOS)
def listing(request: WorkspaceRequest) -> HttpResponse:
    context = {
        "members": selectors.with_portfolios(request.workspace),
        "covers": selectors.covers_in_force(timezone.now().date()),
    }
    return render(request, "accounts/settings/portfolios.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.ASSIGN_PORTFOLIOS)
def hand_over(request: WorkspaceRequest, pk: UUID) -> HttpResponse:
    """First POST: what would move. Second, with ``confirm``: it moves."""
    member = _member(request, pk)
    form = PortfolioForm(
        request.POST or None,
        colleagues=selectors.present_members(request.workspace).exclude(pk=member.pk),
        customers=selectors.portfolio_of(member),
    )
    preview = None
    if request.method == "POST" and form.is_valid():
        arguments = form.arguments()
        now = timezone.now()
        try:
            portfolio.check(from_member=member, now=now, **{k: v for k, v in arguments.items() if k != "customers"})
            if "confirm" in request.POST:
                moved = portfolio.hand_over(from_member=member, actor=actor_of(request), now=now, **arguments)
                messages.success(request, _moved(moved))
                return redirect("portfolio_list")
            preview = portfolio.preview(from_member=member, roles=arguments["roles"], customers=arguments["customers"])
        except ValidationError as error:
            errors_into(form, error)
    context = {"member": member, "form": form, "preview": preview, "role_names": dict(TeamRole.choices)}
    if preview is not None:
        context["roles"] = [(TeamRole(role).label, count) for role, count in sorted(preview.roles.items())]
    return render(request, "accounts/settings/hand_over.html", context)


@require_POST
@requires(Permission.ASSIGN_PORTFOLIOS)
def back(request: WorkspaceRequest, pk: UUID) -> HttpResponse:
    """Somebody is back from leave before the planned day."""
    member = _member(request, pk)
    portfolio.end_leave(member=member, actor=actor_of(request), now=timezone.now())
    messages.success(request, _("%(name)s has their customers back.") % {"name": member.user})
    return redirect("portfolio_list")


def _member(request: WorkspaceRequest, pk: UUID) -> Membership:
    return get_object_or_404(selectors.present_members(request.workspace), pk=pk)


def _moved(count: int) -> str:
    return ngettext("%(n)d customer changed hands.", "%(n)d customers changed hands.", count) % {"n": count}
