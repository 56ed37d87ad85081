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
    EventType(
        "health.went_silent",
        _("A customer that used the product regularly has sent nothing for markedly longer than it ever does."),
        (
            id_of("customer_id", _("The customer.")),
            id_of("alert_id", _("The alert that began with it.")),
            Field("quiet_days", "integer", _("Days without an event; outages of the sender are left out."), 12),
            Field("usual_days", "number", _("The 95th percentile of its own gaps between days of use, in days."), 3.0),
            Field("last_event_at", "time", _("When its last event happened."), "2026-06-03T16:20:00+00:00"),
        ),
    ),
    EventType(
        "health.coverage_lost",
        _("A customer's health is no longer known: too few of its measures have a value."),
        (
            id_of("customer_id", _("The customer.")),
            id_of("alert_id", _("The alert that began with it.")),
            Field("from", "string", _("The band before: healthy, watch or at_risk."), "watch"),
            Field("coverage", "integer", _("Percent of the weight that still has a value."), 35),
        ),
    ),
    EventType(
        "scorecard.published",
        _("A scorecard has a new version: from now on customers are scored by it."),
        (
            id_of("scorecard_id", _("The scorecard.")),
            Field("version", "integer", _("The number of its version now in force."), 3),
            Field("published_at", "time", _("From when on it is in force."), "2026-06-03T16:20:00+00:00"),
        ),
    ),
)
