"""Every address of the product, each app's under its own roof."""

from django.contrib import admin
from django.urls import include, path

from accounts.views.founding import SignIn
from accounts.views.profile import set_language
from csplatform.core.preferences import set_theme
from csplatform.core.robots import robots

urlpatterns = [
    path("robots.txt", robots, name="robots"),
    path("theme/", set_theme, name="set_theme"),
    path("language/", set_language, name="set_language"),
    path("", include("health.ingest.urls")),
    path("api/", include("csplatform.api.urls")),
    path("accounts/login/", SignIn.as_view()),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("imports/", include("accounts.import_urls")),
    path("surveys/", include("surveys.urls")),
    path("", include("accounts.settings_urls")),
    path("", include("accounts.customer_urls")),
    path("", include("journeys.urls")),
    path("", include("journeys.plan_urls")),
    path("s/", include("surveys.results_urls")),
    path("s/", include("surveys.public_urls")),
    path("", include("health.urls")),
]

handler400 = "csplatform.api.errors.bad_request"
handler500 = "csplatform.api.errors.server_error"
