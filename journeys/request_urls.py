"""Addresses of requests and pain points."""

from django.urls import path

from journeys.views import request_deeds as deeds
from journeys.views import requests

urlpatterns = [
    path("", requests.request_list, name="request_list"),
    path("new/", deeds.request_new, name="request_new"),
    path("<uuid:request_id>/", requests.request_detail, name="request_detail"),
    path("<uuid:request_id>/answer/", deeds.request_answer, name="request_answer"),
    path("<uuid:request_id>/edit/", deeds.request_edit, name="request_edit"),
    path("<uuid:request_id>/merge/", deeds.request_merge, name="request_merge"),
    path("<uuid:request_id>/split/", deeds.request_split, name="request_split"),
    path("<uuid:request_id>/customers/", deeds.request_asked, name="request_asked"),
    path(
        "<uuid:request_id>/customers/<uuid:requestcustomer_id>/remove/", deeds.request_unasked, name="request_unasked"
    ),
]
