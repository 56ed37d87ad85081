"""Addresses of the journey's pages."""

from django.urls import path

from journeys import views

urlpatterns = [path("journeys/", views.boomerang, name="boomerang")]
