"""Addresses of adoption."""

from django.urls import path

from journeys.views.adoption import people, settings

urlpatterns = [
    path("settings/adoption/", settings.adoption_settings, name="adoption_settings"),
    path("settings/adoption/people/", settings.adoption_display, name="adoption_display"),
    path("customers/<uuid:customer_id>/adoption/people/", people.adoption_people, name="adoption_people"),
]
