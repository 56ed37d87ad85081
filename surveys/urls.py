"""Addresses under /surveys/: what hosts do behind sign-in."""

from django.urls import path

from surveys.views import creating, lifecycle, overview

urlpatterns = [
    path("", overview.listing, name="survey_list"),
    path("new/", creating.new, name="survey_new"),
    path("<uuid:pk>/", overview.detail, name="survey_detail"),
    path("<uuid:pk>/open/", lifecycle.open_now, name="survey_open"),
    path("<uuid:pk>/close/", lifecycle.close_now, name="survey_close"),
    path("<uuid:pk>/next-wave/", creating.wave, name="survey_wave"),
]
