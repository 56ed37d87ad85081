"""What health lets go of when customers and contacts are deleted, and the job that deletes a customer's events.

Exactly-once keys stay: they hold digests, no names, and without them a client that retries, or a file imported
again, would bring the deleted events back. Rows tied to the customer by a key go with its row.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import F, Sum
from django.utils.translation import gettext as _

from accounts.models import Contact, Customer
from accounts.services.results import BusyError
from csplatform.core import jobs
from csplatform.core.models import Job, JobState
from csplatform.core.tenancy import current_workspace_id, workspace_scope
from health import adoption, arrivals
from health.ingest.drain import drain
from health.models import ContactAlias, DirtyCustomer, HealthSnapshot, InboxBatch, LateArrival, ProfileClock

JOB_KIND = "customer.forget_events"
BATCH = 20_000
# As many as are stored in a few seconds: somebody waits for the answer.
MOST_WAITING = 25_000


def settle_arrivals(now: datetime) -> None:
    """Store what was acknowledged so far, and let nothing more in until the transaction ends.

    Else an older message could bring the customer back, or leave an event behind. Raises ``BusyError`` while too
    much waits to do so at once.
    """
    waiting = InboxBatch.objects.aggregate(total=Sum("messages"))["total"] or 0
    if waiting > MOST_WAITING:
        raise BusyError(_("Product events are still being stored; nothing was deleted. Try again in a minute."))
    drain(current_workspace_id(), now=now)
    arrivals.lock()


def forget_customer(customer: Customer, now: datetime) -> Job | None:
    """Let go of what names ``customer`` without a key, and plan the deletion of its events (None: it has none)."""
    waiting = Contact.objects.filter(customer=customer).values_list("external_id", flat=True)
    _take_over_waiting(customer, list(waiting))
    where = {"workspace_id": customer.workspace_id, "customer_id": customer.pk}
    DirtyCustomer.objects.filter(**where).delete()
    LateArrival.objects.filter(**where).delete()
    adoption.forget(customer.pk)
    ProfileClock.objects.filter(kind=ProfileClock.Kind.CUSTOMER, external_id=customer.external_id).delete()
    ProfileClock.objects.filter(group=customer.external_id).update(group=None)
    events = count_events(customer.pk)
    if not events:
        return None
    job = jobs.create(kind=JOB_KIND, now=now, customer=str(customer.pk))
    jobs.start(job.pk, total=events, now=now)
    return job


def forget_people(external_ids: Sequence[str]) -> None:
    """Let go of what was said about contacts: times of their traits, and former ids."""
    ProfileClock.objects.filter(kind=ProfileClock.Kind.CONTACT, external_id__in=external_ids).delete()
    ContactAlias.objects.filter(external_id__in=external_ids).delete()


def count_events(customer_id: UUID) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM health_event WHERE workspace_id = %s AND customer_id = %s",
            [str(current_workspace_id()), str(customer_id)],
        )
        count: int = cursor.fetchone()[0]
    return count


def count_for_deletion(customer_id: UUID) -> list[tuple[str, int]]:
    """What the preview of a deletion says of health."""
    days = HealthSnapshot.objects.filter(customer_id=customer_id).values("as_of").distinct().count()
    return [(_("Product events"), count_events(customer_id)), (_("Days with a score"), days)]


def work(workspace_id: UUID, job_id: UUID) -> None:
    """Delete the events of a job, a batch in a transaction, until none is left. Safe to do twice or after a kill."""
    while _delete_batch(workspace_id, job_id):
        pass


def _take_over_waiting(customer: Customer, people: list[str]) -> None:
    """Events that wait for the customer's attaching become its own, and go with it."""
    workspace = str(current_workspace_id())
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE health_event SET customer_id = %s WHERE workspace_id = %s AND customer_id IS NULL
              AND (customer_key = %s OR customer_key IS NULL AND contact_key = ANY(%s))
            """,
            [str(customer.pk), workspace, customer.external_id, people],
        )


def _delete_batch(workspace_id: UUID, job_id: UUID) -> bool:
    """One transaction; False when there is nothing (more) to do, or somebody else does it."""
    with workspace_scope(workspace_id):
        job = jobs.claim(job_id)
        if job is None:
            return False
        deleted, now = _delete_oldest(UUID(job.params["customer"]))
        if deleted:
            Job.objects.filter(pk=job_id).update(done=F("done") + deleted, heartbeat_at=now)
        else:
            jobs.finish(job_id, state=JobState.DONE, now=now, result={"events": job.done})
        return bool(deleted)


def _delete_oldest(customer_id: UUID) -> tuple[int, datetime]:
    """Delete up to ``BATCH`` events (more where several happened at one moment); how many, and when that was.

    The moment up to which is found first: so the index names the rows, and only their months are touched.
    """
    who: dict[str, Any] = {"workspace": str(current_workspace_id()), "customer": str(customer_id), "batch": BATCH}
    mine = "workspace_id = %(workspace)s AND customer_id = %(customer)s"
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT max(occurred_at), clock_timestamp() FROM (
              SELECT occurred_at FROM health_event WHERE {mine} ORDER BY occurred_at LIMIT %(batch)s) AS oldest
            """,
            who,
        )
        until, now = cursor.fetchone()
        if until is None:
            return 0, now
        cursor.execute(f"DELETE FROM health_event WHERE {mine} AND occurred_at <= %(until)s", {**who, "until": until})
        return cursor.rowcount, now
