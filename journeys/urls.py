"""Addresses of the journey's pages."""

from django.urls import path

from journeys.views import boomerang, relay_analysis, relay_deeds, relay_settings, relays

urlpatterns = [
    path("journeys/", boomerang.boomerang, name="boomerang"),
    path("journeys/relays/", relays.inbox, name="relay_inbox"),
    path("journeys/relays/analysis/", relay_analysis.analysis, name="relay_analysis"),
    path("journeys/relays/<uuid:relay_id>/", relays.detail, name="relay_detail"),
    path("journeys/relays/<uuid:relay_id>/accept/", relay_deeds.accept, name="relay_accept"),
    path("journeys/relays/<uuid:relay_id>/decline/", relay_deeds.decline, name="relay_decline"),
    path("journeys/relays/<uuid:relay_id>/withdraw/", relay_deeds.withdraw, name="relay_withdraw"),
    path("journeys/relays/<uuid:relay_id>/reoffer/", relay_deeds.reoffer, name="relay_reoffer"),
    path("journeys/relays/<uuid:relay_id>/items/<uuid:relayitem_id>/tick/", relay_deeds.tick, name="relay_tick"),
    path("settings/handovers/", relay_settings.templates, name="relay_template_list"),
    path("settings/handovers/new/", relay_settings.template_new, name="relay_template_new"),
    path("settings/handovers/<uuid:relaytemplate_id>/", relay_settings.template_edit, name="relay_template_edit"),
    path(
        "settings/handovers/<uuid:relaytemplate_id>/remove/",
        relay_settings.template_remove,
        name="relay_template_remove",
    ),
    path("settings/working-days/", relay_settings.working_days, name="working_days"),
]
