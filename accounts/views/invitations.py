"""Invitations: their link as the invited person meets it, and resending or revoking from the members page."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import actor_of, requires
from accounts.forms import JoinForm, errors_into
from accounts.middleware import SESSION_KEY, WorkspaceRequest
from accounts.models import Invitation, Membership, User
from accounts.roles import Permission
from accounts.selectors import members as selectors
from accounts.services import invitations, people

_BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def answer(request: HttpRequest, token: str) -> HttpResponse:
    """The page behind a mailed link: a new person names themselves, a known one signs in and accepts."""
    invitation = invitations.find_open(token, now=timezone.now())
    if invitation is None:
        return render(request, "accounts/invitation_closed.html", status=410)
    if request.user.is_authenticated:
        return _accept(request, invitation)
    if people.find_person(invitation.email) is not None:
        return redirect_to_login(request.path)
    return _join(request, invitation)


def _accept(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    assert isinstance(request.user, User)
    mine = people.owns_address(request.user, invitation.email)
    if request.method == "POST" and mine:
        try:
            membership = invitations.accept(invitation=invitation, user=request.user, now=timezone.now())
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
            return redirect("/")
        return _enter(request, membership)
    return render(request, "accounts/invitation_accept.html", {"invitation": invitation, "is_mine": mine})


def _join(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    form = JoinForm(request.POST or None, email=invitation.email)
    if request.method == "POST" and form.is_valid():
        try:
            membership = invitations.accept_as_new(
                invitation=invitation,
                name=form.cleaned_data["name"],
                password=form.cleaned_data["password"],
                now=timezone.now(),
            )
        except ValidationError as error:
            errors_into(form, error)
        else:
            login(request, membership.user, backend=_BACKEND)
            return _enter(request, membership)
    return render(request, "accounts/invitation_join.html", {"invitation": invitation, "form": form})


def _enter(request: HttpRequest, membership: Membership) -> HttpResponse:
    request.session[SESSION_KEY] = str(membership.workspace_id)
    messages.success(request, _("Welcome to %(name)s.") % {"name": membership.workspace.name})
    return redirect("/")


@require_POST
@requires(Permission.MANAGE_MEMBERS)
def resend(request: WorkspaceRequest, pk: UUID) -> HttpResponse:
    invitation = _open_invitation(request, pk)
    invitations.resend(invitation=invitation, actor=actor_of(request), now=timezone.now())
    messages.success(
        request, _("A new link goes to %(email)s; the old one works no longer.") % {"email": invitation.email}
    )
    return redirect("member_list")


@require_POST
@requires(Permission.MANAGE_MEMBERS)
def revoke(request: WorkspaceRequest, pk: UUID) -> HttpResponse:
    invitation = _open_invitation(request, pk)
    invitations.revoke(invitation=invitation, actor=actor_of(request), now=timezone.now())
    messages.success(request, _("The invitation of %(email)s is closed.") % {"email": invitation.email})
    return redirect("member_list")


def _open_invitation(request: WorkspaceRequest, pk: UUID) -> Invitation:
    return get_object_or_404(selectors.open_invitations(request.workspace), pk=pk)
