"""Addresses of the journey's pages."""

from django.urls import path

from journeys.views import boomerang

urlpatterns = [path("journeys/", boomerang.boomerang, name="boomerang")]
