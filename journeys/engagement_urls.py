"""Addresses of engagements, signals and shocks."""

from django.urls import path

from journeys.views import engagements, shocks, signals

urlpatterns = [
    path("journeys/engagements/log/", engagements.log, name="engagement_log"),
    path("journeys/engagements/files/", engagements.files, name="engagement_files"),
    path("journeys/engagements/<uuid:engagement_id>/", engagements.edit, name="engagement_edit"),
    path("journeys/engagements/<uuid:engagement_id>/remove/", engagements.remove, name="engagement_remove"),
    path("journeys/signals/", signals.listing, name="signal_list"),
    path("journeys/signals/<uuid:signal_id>/answer/", signals.answer, name="signal_answer"),
    path("customers/<uuid:customer_id>/signals/new/", signals.new, name="signal_new"),
    path("journeys/cadence/", signals.cadence, name="cadence"),
    path("journeys/cadence/<uuid:cadence_id>/remove/", signals.cadence_remove, name="cadence_remove"),
    path("journeys/shocks/", shocks.listing, name="shock_list"),
    path("journeys/shocks/new/", shocks.new, name="shock_new"),
    path("journeys/shocks/<uuid:shock_id>/", shocks.detail, name="shock_detail"),
    path("journeys/shocks/<uuid:shock_id>/force/", shocks.enlist, name="shock_enlist"),
    path("journeys/shocks/<uuid:shock_id>/force/<uuid:membership_id>/leave/", shocks.let_go, name="shock_let_go"),
    path("journeys/shocks/<uuid:shock_id>/tasks/", shocks.give_tasks, name="shock_give_tasks"),
    path("journeys/shocks/<uuid:shock_id>/close/", shocks.close, name="shock_close"),
]
