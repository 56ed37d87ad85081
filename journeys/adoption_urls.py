"""Addresses of adoption."""

from django.urls import path

from journeys.views.adoption import people, planning, settings

urlpatterns = [
    path("settings/adoption/", settings.adoption_settings, name="adoption_settings"),
    path("settings/adoption/people/", settings.adoption_display, name="adoption_display"),
    path("customers/<uuid:customer_id>/adoption/plan/", planning.adoption_plan, name="adoption_plan"),
    path("customers/<uuid:customer_id>/adoption/groups/new/", planning.group_new, name="adoption_group_new"),
    path("adoption/groups/<uuid:adoptiongroup_id>/", planning.group_edit, name="adoption_group_edit"),
    path("adoption/groups/<uuid:adoptiongroup_id>/remove/", planning.group_remove, name="adoption_group_remove"),
    path(
        "customers/<uuid:customer_id>/adoption/indicators/new/", planning.indicator_new, name="adoption_indicator_new"
    ),
    path(
        "adoption/indicators/<uuid:adoptionindicator_id>/remove/",
        planning.indicator_remove,
        name="adoption_indicator_remove",
    ),
    path("customers/<uuid:customer_id>/adoption/people/", people.adoption_people, name="adoption_people"),
]
