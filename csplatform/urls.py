"""Every address of the product, each app's under its own roof."""

from django.urls import include, path

urlpatterns = [
    path("accounts/", include("allauth.urls")),
    path("", include("health.ingest.urls")),
]
