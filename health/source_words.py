"""What readers are told of measures whose source is not there yet."""

from __future__ import annotations

from django.utils.translation import gettext as _

from health.measures import Spec


def missing(spec: Spec) -> str:
    """Why a source says nothing of a customer, and what would change that."""
    return {
        "engagements": _("No conversation is recorded. Log one, or import them."),
        "tickets": _("No support ticket is known. Import them, or send them over REST."),
        "outcomes": _("No expected outcome, or no measured KPI, is recorded. Write down what they want to reach."),
        "adoption": _("Nobody here was invited or seen yet, or no seats are recorded."),
        "sponsors": _("No sponsor is known here. Mark the contact who is."),
        "judgement": _("Nobody has judged this customer lately. Say what you think on its page."),
        "attribute": _("This customer has no number there yet. Import or send it."),
        "invoices": _("No invoice is known, or no ARR to compare with. Import invoices, or send them over REST."),
    }.get(spec.source, _("Nothing is recorded of it yet."))
