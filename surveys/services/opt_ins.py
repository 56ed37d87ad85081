"""What people ask for beside their answer: the results by mail, the next invitation, an introduction to peers."""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.translation import gettext as _

from surveys.models import OTHER, OptIn, Survey


def opt_in(
    *,
    survey: Survey,
    email: str,
    wants_results: bool,
    wants_next: bool,
    wants_peers: bool,
    challenge: int | None,
    language: str,
    now: datetime,
) -> OptIn:
    """Keep an address and what it may be used for, apart from the answer; asked again, the wishes add up.

    ``challenge``: the option number of the first choice, kept only with ``wants_peers``. Nothing tells whether the
    address was known. Raises ``ValidationError`` by field for no wish and for what is no address.
    """
    if not (wants_results or wants_next or wants_peers):
        raise ValidationError({"wishes": _("Tick at least one of the three, or leave without: your answer counts.")})
    address = email.strip().lower()
    try:
        validate_email(address)
        if len(address) > 254 or "\0" in address:
            raise ValidationError("")
    except ValidationError:
        raise ValidationError({"email": _("This is not a whole e-mail address. Your ticks are kept.")}) from None
    with transaction.atomic():
        row = OptIn.objects.select_for_update().filter(survey=survey, email=address).first()
        row = row or OptIn(workspace_id=survey.workspace_id, survey=survey, email=address, given_on=now.date())
        row.language = language[:5]
        row.wants_results |= wants_results
        row.wants_next |= wants_next
        row.wants_peers |= wants_peers
        if wants_peers and challenge not in (None, OTHER):
            row.challenge = challenge
        row.save()
    return row
