"""People who sign in: global, so the same person may work in several workspaces."""

from __future__ import annotations

from allauth.account.models import EmailAddress
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from accounts.models import User


def normal_email(address: str) -> str:
    """``address`` as we store and compare it; raises ``ValidationError`` when it is none."""
    normal = address.strip().lower()
    validate_email(normal)
    return normal


def find_person(email: str) -> User | None:
    """The person who signs in with ``email``, in whatever case it was typed."""
    return User.objects.filter(email=email.strip().lower()).first()


def owns_address(user: User, email: str) -> bool:
    """Whether ``email`` is one ``user`` signs in with or has confirmed."""
    address = email.strip().lower()
    return user.email == address or EmailAddress.objects.filter(user=user, email=address, verified=True).exists()


@transaction.atomic
def create_person(*, email: str, password: str, name: str = "", language: str = "") -> User:
    """A new person whose address counts as confirmed: an operator typed it, or a link mailed to it was opened.

    The caller has validated the password. Raises ``ValidationError`` (``email``) for a malformed or taken address.
    """
    try:
        normal = normal_email(email)
    except ValidationError as error:
        raise ValidationError({"email": error.messages}) from error
    user = User(email=normal, name=name.strip(), language=language)
    user.set_password(password)
    user.full_clean(exclude=["password"])
    user.save(force_insert=True)
    EmailAddress.objects.create(user=user, email=normal, verified=True, primary=True)
    return user
