"""What surveys tell of advocacy: who promotes us is an advocate, until they say otherwise."""

from __future__ import annotations

from accounts.models import Contact, Customer
from accounts.services.writing import Facts
from csplatform.core import audit
from csplatform.core.ids import parse_uuid
from csplatform.core.models import OutboxEvent
from csplatform.core.tenancy import workspace_scope
from journeys.advocacy_rules import State
from journeys.models import AdvocacyAct, AdvocacyKind
from journeys.services import advocacy

PROMOTER = "promoter"


def answered(event: OutboxEvent) -> None:
    """A survey's answer came or changed: a promoter's is kept as an act, once; one that no longer is, withdrawn."""
    told = event.payload
    customer_id, response_id = parse_uuid(str(told.get("customer_id"))), told.get("response_id")
    if customer_id is None or not response_id or told.get("kind") != "nps":
        return
    with workspace_scope(event.workspace_id):
        key = f"survey:{response_id}"
        act = AdvocacyAct.objects.filter(source_key=key).first()
        if told.get("group") != PROMOTER:
            if act is not None:
                advocacy.withdraw(act_id=act.pk, actor=audit.SYSTEM, now=event.created_at)
            return
        customer = Customer.objects.filter(pk=customer_id).values_list("external_id", flat=True).first()
        if act is not None or customer is None:
            return
        values: dict[str, object] = {
            "customer_external_id": customer,
            "kind": AdvocacyKind.PROMOTER.value,
            "state": State.DONE.value,
            "done_at": event.created_at,
            "source_key": key,
        }
        if contact_id := parse_uuid(str(told.get("contact_id"))):
            people = Contact.objects.filter(pk=contact_id, customer_id=customer_id)
            values["contact_external_id"] = people.values_list("external_id", flat=True).first() or ""
        facts = Facts(f"promoter-{response_id}", values)
        advocacy.record(rows=[facts], actor=audit.SYSTEM, now=event.created_at)
