"""Reads about people of a workspace. Memberships and invitations stand outside row policies: name the workspace."""

from __future__ import annotations

from datetime import date

from django.db.models import Count, Q, QuerySet

from accounts.models import AccountTeamMember, Customer, Invitation, Membership, Workspace
from accounts.services.team import holding_on


def present_members(workspace: Workspace) -> QuerySet[Membership]:
    """Members who have not left, by name, with their user."""
    return (
        Membership.objects.filter(workspace=workspace, left_at__isnull=True)
        .select_related("user")
        .order_by("user__name", "user__email", "pk")
    )


def with_portfolios(workspace: Workspace) -> QuerySet[Membership]:
    """Present members with ``customers``: how many customers they hold a place at, covers not counted."""
    own = Q(account_teams__until__isnull=True, account_teams__covers_for__isnull=True)
    return present_members(workspace).annotate(customers=Count("account_teams__customer", filter=own, distinct=True))


def open_invitations(workspace: Workspace) -> QuerySet[Invitation]:
    """Invitations that wait for an answer, the expired ones included, newest first."""
    return (
        Invitation.objects.filter(workspace=workspace, accepted_at__isnull=True, revoked_at__isnull=True)
        .select_related("invited_by")
        .order_by("-created_at", "-pk")
    )


def portfolio_of(member: Membership) -> QuerySet[Customer]:
    """The customers at which ``member`` holds a place of their own, by name."""
    held = AccountTeamMember.objects.filter(member=member, until__isnull=True)
    customers: QuerySet[Customer] = Customer.objects.filter(pk__in=held.values("customer"))
    return customers.order_by("name_sort", "id")


def covers_in_force(day: date) -> list[dict[str, object]]:
    """Who is away on ``day``, who covers, until when and how many customers: one row per pair and day of return."""
    rows = (
        AccountTeamMember.objects.filter(holding_on(day), covers_for__isnull=False)
        .values("covers_for", "member", "until")
        .annotate(customers=Count("customer", distinct=True))
        .order_by("until", "covers_for", "member")
    )
    found = list(rows)
    people = Membership.objects.select_related("user").in_bulk(
        {row["covers_for"] for row in found} | {row["member"] for row in found}
    )
    return [{**row, "away": people[row["covers_for"]], "covering": people[row["member"]]} for row in found]
