"""The events of accounts, described for receivers of webhooks and for playbooks."""

from django.utils.translation import gettext_lazy as _

from accounts.webhooks.catalogue import EventType, Field, declare, id_of

declare(
    EventType(
        "subscription.renewal_due",
        _("A subscription renews or runs out before long; told once for each term, early enough to give notice."),
        (
            id_of("customer_id", _("The customer.")),
            id_of("subscription_id", _("The subscription.")),
            Field("renewal_on", "day", _("The day on which the term ends."), "2026-09-01"),
            Field(
                "notice_deadline", "day", _("The last day to give notice; null where it does not renew by itself."),
                "2026-06-03",
            ),
            Field("days_left", "integer", _("Days from this event to the end of the term."), 90),
            Field("auto_renews", "boolean", _("Whether it renews by itself."), True),
        ),
    ),
)  # fmt: skip
