"""Playbooks when 10,000 triggers come at once: from the waiting events to the last run's task, and the news of it all.

Beside it stand the same runs written the plain way, one event after the other through the ORM (a sample), and the
least: the rows of runs, steps and tasks in three statements, with no rule looked at.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from accounts.models import Customer, Membership, User, Workspace
from accounts.roles import Department, Role
from accounts.services import workspaces
from bench.machine import as_owner, cpu_of
from bench.table import Row
from csplatform.core import audit, outbox
from csplatform.core.models import OutboxEvent
from csplatform.core.tenancy import workspace_scope
from journeys.models import Playbook, PlaybookRun, RunState, RunStep, StepState, Task
from journeys.selectors import working
from journeys.services import offering
from journeys.services.playbooks import control, editing, running

_TRIGGERS = 10_000
_SAMPLE = 300
_TASK = {"kind": "task", "title": "Prepare {{ customer.name }}", "owner": "customer_success", "due_days": 2}
_DEFINITION = {
    "trigger": {"event": "health.band_changed", "where": [{"field": "to", "op": "eq", "value": "at_risk"}]},
    "steps": [_TASK],
    "limits": {"runs_an_hour": 50_000, "again_after_days": 0},
}

_CUSTOMERS = """
INSERT INTO accounts_customer (id, workspace_id, external_id, name, name_sort, domain, industry, country, region,
    lifecycle_stage, source, created_at, known_at, updated_at, version, traits, tags, stage_key, stage_macro,
    contract_state, arr_minor)
SELECT gen_random_uuid(), %(workspace)s, 'c-' || n, 'Customer ' || n, 'customer ' || n, '', '', '', '', '', '', now(),
    now(), now(), 1, '{}', '{}', '', '', 'none', 0
FROM generate_series(1, %(count)s) n
"""
_TEAM = """
INSERT INTO accounts_accountteammember (id, workspace_id, customer_id, member_id, role, since)
SELECT gen_random_uuid(), workspace_id, id, %(member)s, 'csm', %(today)s FROM accounts_customer
WHERE workspace_id = %(workspace)s
"""
_EVENTS = """
INSERT INTO core_outboxevent (id, workspace_id, name, payload, created_at)
SELECT gen_random_uuid(), workspace_id, 'health.band_changed',
    jsonb_build_object('customer_id', id, 'from', 'watch', 'to', 'at_risk'), %(now)s
FROM accounts_customer WHERE workspace_id = %(workspace)s ORDER BY id LIMIT %(count)s
"""


def run(scale: float = 1.0) -> list[Row]:
    """Triggers handled to the end per CPU-second of our process and the database."""
    count = max(20, round(_TRIGGERS * scale))
    sample = min(_SAMPLE, count)
    now = datetime.now(UTC)
    workspace, playbook = _fill(count, now)
    naive = sample / cpu_of(lambda: _one_by_one(workspace, playbook, sample, now)).total
    floor = count / cpu_of(lambda: _least(workspace, playbook, now)).total
    with workspace_scope(workspace):
        PlaybookRun.objects.all().delete()
        Task.objects.all().delete()
    _publish(workspace, count, now)
    with as_owner() as owner:
        owner.execute("VACUUM ANALYZE journeys_playbookrun, journeys_task, core_outboxevent")
    value = count / cpu_of(lambda: _ours(workspace)).total
    with workspace_scope(workspace):
        done = PlaybookRun.objects.filter(state=RunState.DONE).count()
        if (done, Task.objects.count()) != (count, count):
            raise RuntimeError(f"Expected {count} runs that are through, with a task each; there are {done}.")
    return [Row("playbooks", value, "triggers per CPU-second", count, naive, floor)]


def _fill(count: int, now: datetime) -> tuple[Workspace, Playbook]:
    workspace = workspaces.create_workspace(slug="playbooks", name="Playbooks", now=now, actor=audit.SYSTEM)
    person = User.objects.create_user(email="csm@playbooks.example", password=None)
    member = Membership.objects.create(
        workspace=workspace, user=person, role=Role.CSM, department=Department.CUSTOMER_SUCCESS, joined_at=now
    )
    told: dict[str, Any] = {
        "workspace": str(workspace.pk),
        "count": count,
        "member": str(member.pk),
        "today": now.date(),
    }
    with workspace_scope(workspace):
        with connection.cursor() as cursor:
            cursor.execute(_CUSTOMERS, told)
            cursor.execute(_TEAM, told)
        playbook = editing.create(name="Risk", definition=_DEFINITION, actor=audit.SYSTEM, now=now)
        playbook = control.activate(playbook_id=playbook.pk, actor=audit.SYSTEM, now=now)
    with as_owner() as owner:
        owner.execute("VACUUM ANALYZE accounts_customer, accounts_accountteammember")
    _drain(now)
    return workspace, playbook


def _publish(workspace: Workspace, count: int, now: datetime) -> None:
    with workspace_scope(workspace), connection.cursor() as cursor:
        cursor.execute(_EVENTS, {"workspace": str(workspace.pk), "count": count, "now": datetime.now(UTC)})


def _drain(now: datetime) -> None:
    while outbox.dispatch_waiting(now=now):
        pass


def _ours(workspace: Workspace) -> None:
    """As the jobs do it: hear, run, and hear what came of it."""
    _drain(datetime.now(UTC))
    running.run_due(workspace_id=workspace.pk, clock=lambda: datetime.now(UTC), seconds=3_600.0)
    _drain(datetime.now(UTC))


def _one_by_one(workspace: Workspace, playbook: Playbook, count: int, now: datetime) -> None:
    """What a first version does: for each event a transaction that looks up and saves what belongs to it."""
    _publish(workspace, count, now)
    for event in list(OutboxEvent.objects.filter(dispatched_at=None, name="health.band_changed")):
        with workspace_scope(workspace), transaction.atomic():
            for each in Playbook.objects.filter(trigger_event=event.name, state="active").select_related("present"):
                if event.payload["to"] == "at_risk":
                    _follow(each, event, UUID(event.payload["customer_id"]), now)
            event.dispatched_at = now
            event.save()
    with workspace_scope(workspace):
        for told in list(OutboxEvent.objects.filter(dispatched_at=None)):
            told.dispatched_at = now
            told.save()


def _follow(playbook: Playbook, event: OutboxEvent, customer_id: UUID, now: datetime) -> None:
    told = {"workspace_id": playbook.workspace_id}
    customer = Customer.objects.get(pk=customer_id)
    run, made = PlaybookRun.objects.get_or_create(
        playbook=playbook,
        trigger_key=f"event:{event.pk}",
        defaults={**told, "of_version": playbook.says, "customer": customer, "trigger": event.name, "started_at": now},
    )
    if not made:
        return
    owner = offering.holder(customer.pk, _TASK_OWNER, now)
    days = working.working_days()
    task = Task.objects.create(
        **told,
        customer=customer,
        title=f"Prepare {customer.name}",
        owner=owner,
        due_on=days.after(days.day_of(now), 2),
        source="playbook",
        source_key=f"{run.pk}:0",
        created_at=now,
        created_by_label="Playbook",
    )
    payload = {"task_id": str(task.pk), "customer_id": str(customer.pk)}
    outbox.publish(workspace_id=playbook.workspace_id, name="task.created", payload=payload, now=now)
    audit.record(actor=audit.SYSTEM, action="task.created", subject=task, now=now)
    RunStep.objects.create(**told, run=run, number=0, kind="task", state=StepState.DONE, at=now)
    run.state, run.step, run.finished_at = RunState.DONE, 1, now
    run.save()
    audit.record(actor=audit.SYSTEM, action="playbook_run.finished", subject=run, now=now)
    outbox.publish(workspace_id=playbook.workspace_id, name="playbook_run.finished", payload=payload, now=now)


_TASK_OWNER = Department.CUSTOMER_SUCCESS
_LEAST = (
    """
    INSERT INTO journeys_playbookrun (id, workspace_id, playbook_id, of_version_id, customer_id, trigger_key, trigger,
        payload, chain, state, step, attempts, note, started_at, finished_at)
    SELECT gen_random_uuid(), workspace_id, %(playbook)s, %(version)s, id, 'least:' || external_id, 'least', '{}', '[]',
        'done', 1, 0, '', %(now)s, %(now)s
    FROM accounts_customer WHERE workspace_id = %(workspace)s
    """,
    """
    INSERT INTO journeys_runstep (id, workspace_id, run_id, number, kind, state, made, note, at)
    SELECT gen_random_uuid(), workspace_id, id, 0, 'task', 'done', '{}', '', %(now)s
    FROM journeys_playbookrun WHERE workspace_id = %(workspace)s AND trigger = 'least'
    """,
    """
    INSERT INTO journeys_task (id, workspace_id, customer_id, title, body, department, for_customer, state, due_on,
        source, source_key, draft_subject, draft_body, snooze_reason, result, created_at, created_by_label,
        finished_by_label, version)
    SELECT gen_random_uuid(), workspace_id, id, 'Prepare ' || name, '', 'customer_success', false, 'open', %(now)s,
        'least', external_id, '', '', '', '', %(now)s, '', '', 1
    FROM accounts_customer WHERE workspace_id = %(workspace)s
    """,
)


def _least(workspace: Workspace, playbook: Playbook, now: datetime) -> None:
    told: dict[str, Any] = {
        "workspace": str(workspace.pk),
        "playbook": str(playbook.pk),
        "version": str(playbook.says.pk),
        "now": now,
    }
    with workspace_scope(workspace), connection.cursor() as cursor:
        for statement in _LEAST:
            cursor.execute(statement, told)
