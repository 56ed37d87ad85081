"""People who want to meet peers, by challenge, and the introductions that were proposed."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from surveys.models import Consent, Introduction, IntroductionGuest, OptIn, Suppression, Survey

MOST_PEOPLE = 500


@dataclass(slots=True)
class Challenge:
    """``people``: opt-ins with ``is_pending`` (asked, not answered) and ``was_introduced``."""

    number: int
    people: list[OptIn] = field(default_factory=list)

    @property
    def is_enough(self) -> bool:
        """Whether there is anybody to be introduced to."""
        return len(self.people) > 1


def by_challenge(survey: Survey) -> list[Challenge]:
    """Those who asked for peers and may be written to, the most shared challenge first."""
    asked = IntroductionGuest.objects.filter(opt_in=OuterRef("pk"))
    rows = (
        OptIn.objects.filter(survey=survey, wants_peers=True, challenge__isnull=False)
        .exclude(Exists(Suppression.objects.filter(email=OuterRef("email"))))
        .annotate(
            is_pending=Exists(asked.filter(consent=Consent.ASKED, introduction__made_at__isnull=True)),
            was_introduced=Exists(asked.filter(consent=Consent.AGREED, introduction__made_at__isnull=False)),
        )
        .order_by("email")[:MOST_PEOPLE]
    )
    found: dict[int, Challenge] = {}
    for person in rows:
        number = person.challenge or 0
        found.setdefault(number, Challenge(number)).people.append(person)
    return sorted(found.values(), key=lambda challenge: (-len(challenge.people), challenge.number))


def proposed(survey: Survey) -> QuerySet[Introduction]:
    """Introductions, the newest first, with how many were ``asked``, ``agreed`` and ``declined``."""
    return (
        Introduction.objects.filter(survey=survey)
        .annotate(
            asked=Count("guests"),
            agreed=Count("guests", filter=Q(guests__consent=Consent.AGREED)),
            declined=Count("guests", filter=Q(guests__consent=Consent.DECLINED)),
        )
        .order_by("-created_at", "-id")
    )
