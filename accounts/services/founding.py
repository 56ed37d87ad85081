"""How workspaces come into being on a page: the first of an installation, and those people make for themselves.

The first is a matter of trust, since nobody is there yet to ask: whoever reaches the address could take the
installation. So the page opens only with a key that the machine told its operator, and only while no person exists.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.core import signing
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from accounts.models import Membership, User, Workspace
from accounts.roles import Role
from accounts.services import people, workspaces
from csplatform.core import audit

KEY_LIFETIME = timedelta(days=1)
MOST_OWNED = 3
_CLOCKS_DIFFER = timedelta(minutes=5)
_SIGNER = signing.Signer(salt="accounts.founding")
_LONGEST_SLUG = 40


def is_vacant() -> bool:
    """Whether no person exists in this installation yet."""
    return not User.objects.exists()


def new_key(now: datetime) -> str:
    """A key to the page of the first workspace; it opens for a day, and never once a person exists."""
    return _SIGNER.sign(str(int(now.timestamp())))


def is_key(key: str, now: datetime) -> bool:
    """Whether ``key`` was made here within the last day."""
    try:
        made = datetime.fromtimestamp(int(_SIGNER.unsign(key)), tz=UTC)
    except signing.BadSignature:
        return False
    return now - KEY_LIFETIME <= made <= now + _CLOCKS_DIFFER


@transaction.atomic
def found_first(
    *, company: str, currency: str, time_zone: str, language: str, name: str, email: str, password: str, now: datetime
) -> Membership:
    """The first workspace with its owner, who is the first person. The caller has checked key and password.

    Raises ``ValidationError``, among others when a person exists by now: of two that try, one finds that.
    """
    with connection.cursor() as cursor:
        cursor.execute("LOCK TABLE accounts_user IN SHARE ROW EXCLUSIVE MODE")
    if not is_vacant():
        raise ValidationError(_("Somebody has set this installation up meanwhile. Ask them for an invitation."))
    owner = people.create_person(email=email, password=password, name=name, language=language)
    return _own(owner, company=company, currency=currency, time_zone=time_zone, language=language, now=now)


@transaction.atomic
def found_own(*, person: User, company: str, currency: str, time_zone: str, language: str, now: datetime) -> Membership:
    """One more workspace, owned by ``person``. Raises ``ValidationError`` when they own as many as one may."""
    User.objects.select_for_update(no_key=True).get(pk=person.pk)
    if Membership.objects.filter(user=person, role=Role.OWNER, left_at__isnull=True).count() >= MOST_OWNED:
        raise ValidationError(
            _("You own %(most)d workspaces, which is as many as one person may.") % {"most": MOST_OWNED}
        )
    return _own(person, company=company, currency=currency, time_zone=time_zone, language=language, now=now)


def _own(owner: User, *, company: str, currency: str, time_zone: str, language: str, now: datetime) -> Membership:
    actor = audit.Actor(label=str(owner), user_id=owner.pk)
    workspace = workspaces.create_workspace(
        slug=_free_slug(company),
        name=company,
        currency=currency,
        time_zone=time_zone,
        locale=language,
        now=now,
        actor=actor,
    )
    return workspaces.add_member(workspace=workspace, user=owner, role=Role.OWNER, now=now, actor=actor)


def _free_slug(company: str) -> str:
    """A short name made from the company's, with a number where it is taken."""
    wanted = slugify(company)[:_LONGEST_SLUG].strip("-_").replace("_", "-") or "workspace"
    taken = set(Workspace.objects.filter(slug__startswith=wanted).values_list("slug", flat=True))
    number = 1
    while (slug := wanted if number == 1 else f"{wanted}-{number}") in taken:
        number += 1
    return slug
