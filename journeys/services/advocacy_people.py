"""Whom rows about advocacy name: read and locked once for all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.utils.translation import gettext as _

from accounts.models import Contact, Customer
from accounts.services import writing
from accounts.services.writing import FieldError, Row
from journeys.models import AdvocacyAct


@dataclass(slots=True)
class People:
    """Customers and contacts the rows name, read once; customers locked, so that two asks see each other."""

    customers: Mapping[str, Customer]
    contacts: Mapping[str, tuple[UUID, UUID | None]]

    @classmethod
    def load(cls, rows: Sequence[Row]) -> People:
        acts = AdvocacyAct.objects.filter(external_id__in=[row.facts.external_id for row in rows])
        named = {row.told.get(name) for row in rows for name in ("customer_external_id", "referred_external_id")}
        known = set(acts.values_list("customer__external_id", flat=True))
        people = {row.told["contact_external_id"] for row in rows if row.told.get("contact_external_id")}
        contacts = Contact.objects.filter(external_id__in=people).values_list("external_id", "id", "customer_id")
        return cls(
            writing.locked(Customer, sorted({str(each) for each in named | known if each})),
            {external_id: (pk, customer) for external_id, pk, customer in contacts},
        )

    def customer(self, external_id: str, field: str) -> Customer:
        try:
            return self.customers[external_id]
        except KeyError:
            told = {"id": external_id}
            raise FieldError(field, _("there is no customer with the external_id “%(id)s”") % told) from None

    def contact_id(self, external_id: str, customer_id: UUID) -> UUID | None:
        if not external_id:
            return None
        contact_id, at = self.contacts.get(external_id, (None, None))
        if contact_id is None or at != customer_id:
            told = {"id": external_id}
            raise FieldError("contact_external_id", _("“%(id)s” is no contact of this customer") % told)
        return contact_id
