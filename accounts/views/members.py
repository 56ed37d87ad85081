"""Members: who is here, in which role, who is invited, and how somebody leaves."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import actor_of, requires
from accounts.forms import InviteForm, MemberForm, RemoveMemberForm, errors_into
from accounts.middleware import WorkspaceRequest
from accounts.models import Membership
from accounts.roles import Department, Permission, Role, allows
from accounts.selectors import members as selectors
from accounts.services import invitations, members


@require_http_methods(["GET", "HEAD", "POST"])
@requires(write=Permission.MANAGE_MEMBERS)
def listing(request: WorkspaceRequest) -> HttpResponse:
    """The team; a POST invites."""
    form = InviteForm(request.POST or None, may_manage_owners=_may_manage_owners(request))
    if request.method == "POST" and form.is_valid():
        try:
            invitations.invite(
                workspace=request.workspace,
                email=form.cleaned_data["email"],
                role=Role(form.cleaned_data["role"]),
                department=Department(form.cleaned_data["department"]),
                actor=actor_of(request),
                may_manage_owners=_may_manage_owners(request),
                now=timezone.now(),
            )
        except ValidationError as error:
            errors_into(form, error)
        else:
            messages.success(
                request, _("An invitation goes to %(email)s.") % {"email": form.cleaned_data["email"].lower()}
            )
            return redirect("member_list")
    may_manage = allows(request.membership.role, Permission.MANAGE_MEMBERS)
    context = {
        "members": selectors.with_portfolios(request.workspace),
        "invitations": selectors.open_invitations(request.workspace) if may_manage else [],
        "form": form,
        "now": timezone.now(),
    }
    return render(request, "accounts/settings/members.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.MANAGE_MEMBERS)
def edit(request: WorkspaceRequest, pk: UUID) -> HttpResponse:
    """Change role and department of a member."""
    member = _member(request, pk)
    rights = _may_manage_owners(request)
    form = MemberForm(request.POST or None, membership=member, may_manage_owners=rights)
    if request.method == "POST" and form.is_valid():
        try:
            members.change_member(
                membership=member,
                role=Role(form.cleaned_data["role"]),
                department=Department(form.cleaned_data["department"]),
                actor=actor_of(request),
                may_manage_owners=rights,
                now=timezone.now(),
            )
        except ValidationError as error:
            errors_into(form, error)
        else:
            messages.success(request, _("Saved."))
            return redirect("member_list")
    return _member_page(request, member, form, RemoveMemberForm(colleagues=_colleagues(request, member)))


@require_POST
@requires(Permission.MANAGE_MEMBERS)
def remove(request: WorkspaceRequest, pk: UUID) -> HttpResponse:
    """End a membership, its portfolio going to the chosen colleague."""
    member = _member(request, pk)
    form = RemoveMemberForm(request.POST, colleagues=_colleagues(request, member))
    if form.is_valid():
        try:
            members.remove_member(
                membership=member,
                successor=form.cleaned_data["successor"],
                actor=actor_of(request),
                may_manage_owners=_may_manage_owners(request),
                now=timezone.now(),
            )
        except ValidationError as error:
            errors_into(form, error)
        else:
            messages.success(request, _("%(name)s is no longer a member.") % {"name": member.user})
            return redirect("member_list")
    role_form = MemberForm(membership=member, may_manage_owners=_may_manage_owners(request))
    return _member_page(request, member, role_form, form)


def _member_page(
    request: WorkspaceRequest, member: Membership, form: MemberForm, remove_form: RemoveMemberForm
) -> HttpResponse:
    context = {
        "member": member,
        "customers": selectors.portfolio_of(member).count(),
        "form": form,
        "remove_form": remove_form,
    }
    return render(request, "accounts/settings/member.html", context)


def _member(request: WorkspaceRequest, pk: UUID) -> Membership:
    return get_object_or_404(selectors.present_members(request.workspace), pk=pk)


def _colleagues(request: WorkspaceRequest, member: Membership) -> QuerySet[Membership]:
    return selectors.present_members(request.workspace).exclude(pk=member.pk)


def _may_manage_owners(request: WorkspaceRequest) -> bool:
    return allows(request.membership.role, Permission.MANAGE_OWNERS)
