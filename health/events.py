"""The events of health, described for receivers of webhooks and for playbooks."""

from django.utils.translation import gettext_lazy as _

from accounts.webhooks.catalogue import EventType, Field, declare, id_of

declare(
    EventType(
        "health.band_changed",
        _("A customer's health has moved into another band."),
        (
            id_of("customer_id", _("The customer.")),
            Field(
                "from", "string", _("The band before: healthy, watch, at_risk, unknown or not_applicable."), "healthy"
            ),
            Field("to", "string", _("The band now."), "watch"),
        ),
    ),
)
