"""Addresses under /imports/."""

from django.urls import path

from accounts.views import imports

urlpatterns = [
    path("", imports.listing, name="import_list"),
    path("new/", imports.new, name="import_new"),
    path("<uuid:pk>/", imports.detail, name="import_detail"),
    path("<uuid:pk>/map/", imports.map_columns, name="import_map"),
    path("<uuid:pk>/progress/", imports.progress, name="import_progress"),
    path("<uuid:pk>/cancel/", imports.cancel, name="import_cancel"),
    path("<uuid:pk>/rejects/", imports.download_rejects, name="import_rejects"),
]
