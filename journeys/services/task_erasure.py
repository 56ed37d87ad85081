"""What drafts forget when a contact is deleted."""

from __future__ import annotations

from collections.abc import Sequence

from accounts.models import Contact
from journeys.engagement.redaction import redacted
from journeys.models import Task

_TEXTS = ("title", "body", "draft_subject", "draft_body")


def forget_people(external_ids: Sequence[str]) -> None:
    """Take these contacts out of the texts that playbooks wrote about them, and out of the address of drafts."""
    for contact in Contact.objects.filter(external_id__in=external_ids).order_by("id"):
        if contact.customer_id is None:
            continue  # tasks are written about people of customers
        names = [name for name in (contact.email, contact.name) if name]
        for task in Task.objects.filter(customer_id=contact.customer_id, source="playbook").iterator(chunk_size=500):
            texts = {name: redacted(getattr(task, name), names) for name in _TEXTS}
            if any(getattr(task, name) != text for name, text in texts.items()):
                Task.objects.filter(pk=task.pk).update(**texts)
