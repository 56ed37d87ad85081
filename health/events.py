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
    EventType(
        "churn_risk.rose",
        _("A customer's risk of churn has come to a higher level."),
        (
            id_of("customer_id", _("The customer.")),
            Field("from", "string", _("The level before: low, raised (10 %), high (25 %) or very_high (50 %)."), "low"),
            Field("to", "string", _("The level now."), "high"),
            Field("probability", "decimal", _("The probability now, as a decimal string."), "0.3120"),
            Field("horizon_days", "integer", _("Within how many days."), 90),
        ),
    ),
)
