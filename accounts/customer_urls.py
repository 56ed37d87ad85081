"""Addresses of the customer pages."""

from django.urls import path

from accounts.views.customers import bulk, deleting, detail, editing, export, filtering, listing, searching, segments

urlpatterns = [
    path("customers/", listing.customer_list, name="customer_list"),
    path("customers/filter/", filtering.customer_filter, name="customer_filter"),
    path("customers/export.csv", export.customer_export, name="customer_export"),
    path("customers/bulk/", bulk.customer_bulk, name="customer_bulk"),
    path("customers/bulk/<uuid:change_id>/undo/", bulk.bulk_undo, name="bulk_undo"),
    path("customers/segments/", segments.segment_list, name="segment_list"),
    path("customers/segments/save/", segments.segment_save, name="segment_save"),
    path("customers/segments/<uuid:segment_id>/remove/", segments.segment_remove, name="segment_remove"),
    path("customers/new/", editing.customer_new, name="customer_new"),
    path("customers/search/", searching.customer_search, name="customer_search"),
    path("customers/<uuid:customer_id>/", detail.customer_detail, name="customer_detail"),
    path("customers/<uuid:customer_id>/edit/", editing.customer_edit, name="customer_edit"),
    path("customers/<uuid:customer_id>/delete/", deleting.customer_delete, name="customer_delete"),
    path("customers/<uuid:customer_id>/contacts/new/", editing.contact_new, name="contact_new"),
    path("customers/<uuid:customer_id>/subscriptions/new/", editing.subscription_new, name="subscription_new"),
    path("contacts/<uuid:contact_id>/edit/", editing.contact_edit, name="contact_edit"),
    path("subscriptions/<uuid:subscription_id>/edit/", editing.subscription_edit, name="subscription_edit"),
]
