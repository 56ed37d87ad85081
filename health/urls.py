"""Addresses of health's pages and fragments."""

from django.urls import path

from health.views import panel, today

urlpatterns = [
    path("", today.today, name="today"),
    path("today/<uuid:customer_id>/put-aside/", today.put_aside, name="today_put_aside"),
    path("today/<uuid:dismissal_id>/back/", today.bring_back, name="today_bring_back"),
    path("customers/<uuid:customer_id>/health/", panel.customer_health, name="customer_health"),
]
