"""Every address of the product, each app's under its own roof."""

from django.urls import include, path

urlpatterns = [
    path("", include("health.ingest.urls")),
    path("api/", include("csplatform.api.urls")),
    path("accounts/", include("allauth.urls")),
]

handler400 = "csplatform.api.errors.bad_request"
handler500 = "csplatform.api.errors.server_error"
