"""The addresses of the Segment HTTP tracking API (the middleware answers them first, these keep them known)."""

from django.urls import path

from health.ingest import views

urlpatterns = [
    path(address.removeprefix("/"), view, name=f"ingest-{view.__name__}") for address, view in views.ROUTES.items()
]
