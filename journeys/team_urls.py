"""Addresses of the team page."""

from django.urls import path

from journeys.views import team as views

urlpatterns = [
    path("journeys/team/", views.responsibilities, name="team"),
    path("journeys/team/stages/<uuid:stage_id>/", views.responsibilities_edit, name="team_stage"),
    path("journeys/team/tempo/", views.tempo, name="team_tempo"),
    path("journeys/team/tempo/<str:department>/", views.tempo_edit, name="team_tempo_edit"),
    path("journeys/team/workload/", views.workload, name="team_workload"),
]
