"""``/api/v1/contacts/``"""

from __future__ import annotations

from typing import Any

import django_filters
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers

from accounts.api.writing import Told, WritableViewSet
from accounts.models import Contact
from accounts.services import contacts, deletion
from csplatform.core.rest.fields import Instant
from csplatform.core.rest.filters import TrueOrFalse


class ContactSerializer(serializers.Serializer[Any]):
    """A person at a customer. Without a customer: somebody seen in the product whom nobody has placed yet."""

    id = serializers.UUIDField(read_only=True)
    external_id = serializers.CharField(read_only=True)
    customer_id = serializers.UUIDField(read_only=True, allow_null=True)
    customer_external_id = serializers.CharField(
        source="customer.external_id", read_only=True, allow_null=True, default=None
    )
    email = serializers.CharField(read_only=True)
    name = serializers.CharField(read_only=True)
    role = serializers.CharField(read_only=True)
    title = serializers.CharField(read_only=True)
    is_sponsor = serializers.BooleanField(read_only=True)
    is_champion = serializers.BooleanField(read_only=True)
    invited_at = Instant(read_only=True, allow_null=True)
    created_at = Instant(read_only=True)
    known_at = Instant(read_only=True)
    updated_at = Instant(read_only=True)
    version = serializers.IntegerField(read_only=True)


class ContactWriteSerializer(serializers.Serializer[Any]):
    """The fields of a contact that can be written. What is left out keeps its value."""

    external_id = serializers.CharField(max_length=200, required=False)
    customer_external_id = serializers.CharField(max_length=200, required=False, allow_null=True, allow_blank=True)
    email = serializers.CharField(max_length=254, required=False, allow_blank=True)
    name = serializers.CharField(max_length=300, required=False, allow_blank=True)
    role = serializers.CharField(max_length=120, required=False, allow_blank=True)
    title = serializers.CharField(max_length=200, required=False, allow_blank=True)
    is_sponsor = serializers.BooleanField(required=False)
    is_champion = serializers.BooleanField(required=False)
    invited_at = serializers.DateTimeField(required=False, allow_null=True)


class ContactFilters(django_filters.FilterSet):
    external_id = django_filters.CharFilter()
    customer = django_filters.UUIDFilter(field_name="customer_id", help_text="Id of the customer.")
    customer_external_id = django_filters.CharFilter(field_name="customer__external_id")
    email = django_filters.CharFilter(lookup_expr="iexact", help_text="The whole address; case does not matter.")
    is_sponsor = TrueOrFalse(help_text="true or false.")
    is_champion = TrueOrFalse(help_text="true or false.")
    updated_at_from = django_filters.IsoDateTimeFilter(field_name="updated_at", lookup_expr="gte")
    updated_at_to = django_filters.IsoDateTimeFilter(field_name="updated_at", lookup_expr="lte")


@extend_schema_view(
    create=extend_schema(
        summary="Create a contact",
        description="`external_id` is required and must not be taken.",
        request=ContactWriteSerializer,
        responses={201: ContactSerializer},
    ),
    update=extend_schema(
        summary="Create or change a contact",
        description="At `ext:` and an external id: made when it is new, else changed.",
        request=ContactWriteSerializer,
        responses={200: ContactSerializer, 201: ContactSerializer},
    ),
    partial_update=extend_schema(
        summary="Change a contact",
        description="The fields told are changed, the others keep their value.",
        request=ContactWriteSerializer,
        responses=ContactSerializer,
    ),
    destroy=extend_schema(
        summary="Delete a contact",
        description="From now on; its product events stay with the customer, under no name.",
        request=None,
        responses={204: None},
    ),
    list=extend_schema(summary="List contacts", description="People at customers, a page at a time."),
    retrieve=extend_schema(summary="Read a contact", description="By its id, or by `ext:` and its external id."),
)
class ContactViewSet(WritableViewSet):
    model = Contact
    resource = "contacts"
    serializer_class = ContactSerializer
    write_serializer_class = ContactWriteSerializer
    filterset_class = ContactFilters
    joins = ("customer",)

    def make(self, external_id: str, told: Told) -> Contact:
        return contacts.create(external_id=external_id, told=told.values, actor=self.caller.actor, now=self.now)

    def change(self, row: Contact, told: Told) -> Contact:
        return contacts.update(contact_id=row.pk, told=told.values, actor=self.caller.actor, now=self.now)

    def remove(self, row: Contact, expected_version: int | None) -> None:
        deletion.delete_contact(
            contact_id=row.pk, actor=self.caller.actor, now=self.now, expected_version=expected_version
        )
