"""What people did with the demo's plans: wins celebrated, plans shared, tasks and words of customers."""

from __future__ import annotations

from datetime import datetime, timedelta

from accounts.models import Contact, Customer
from accounts.models.customers import ContractState
from csplatform.core import audit
from journeys.models import Kpi, KpiVersion, PlanLink, Task, Win
from journeys.plan import rules
from journeys.services import planning, sharing, tasks

_SHARED = 6
_CELEBRATED = 30
_SAID = (
    (
        "When do the two new depots come into the figures?",
        "With November’s figures: their baseline is in the plan.",
    ),
    ("The board asks for the cost per pallet as well. Can we add it?", ""),
    ("Thank you, this page is what we show our managing director.", ""),
)
_TO_DO = ("Name the dock manager who measures", "Send October’s figures of the second depot", "Invite the night shift")


def load(*, now: datetime, actor: audit.Actor) -> None:
    """Share the plans of the largest customers and celebrate all but the newest wins; again, it finds nothing to do."""
    if PlanLink.objects.exists():
        return
    for win in Win.objects.filter(celebrated_at__isnull=True, happened_on__lt=now.date() - timedelta(days=21)).order_by(
        "-happened_on"
    )[:_CELEBRATED]:
        planning.celebrate(win_id=win.pk, actor=actor, now=now)
    customers = Customer.objects.filter(contract_state=ContractState.ACTIVE, outcomes__isnull=False).distinct()
    for place, customer in enumerate(customers.select_related("csm__user").order_by("-arr_minor", "pk")[:_SHARED]):
        _share(customer, place, actor, now)


def _share(customer: Customer, place: int, actor: audit.Actor, now: datetime) -> None:
    sponsor = Contact.objects.filter(customer=customer).exclude(name="").order_by("-is_sponsor", "pk").first()
    name = str(sponsor) if sponsor else customer.name
    link = sharing.share(
        customer_id=customer.pk,
        made_for=name,
        expires_on=now.date() + timedelta(days=180),
        actor=actor,
        now=now - timedelta(days=30),
    )
    sharing.note_opened(link_id=link.pk, now=now - timedelta(days=place + 1))
    for kpi in Kpi.objects.filter(outcome__customer=customer, retired_at__isnull=True)[:1]:
        version = rules.in_force(KpiVersion.objects.filter(kpi=kpi), day=now.date(), known_by=now)
        if version is not None:
            agreed = now - timedelta(days=20)
            sharing.confirm_kpi(link=link, kpi_id=kpi.pk, number=version.number, name=name, now=agreed)
    wanted = [
        tasks.NewTask(
            title=title,
            customer_id=customer.pk,
            for_customer=True,
            due_on=now.date() + timedelta(days=9 * (n + 1) - 12),
            source="demo",
            source_key=f"{customer.external_id}:{n}",
        )
        for n, title in enumerate(_TO_DO)
    ]
    tasks.create(tasks=wanted, actor=actor, now=now - timedelta(days=20))
    for task in Task.objects.filter(source="demo", source_key=f"{customer.external_id}:2"):
        sharing.tick_task(link=link, task_id=task.pk, name=name, now=now - timedelta(days=4))
    if place < len(_SAID):
        question, answered = _SAID[place]
        sharing.comment(link=link, name=name, text=question, now=now - timedelta(days=3))
        if answered:
            ours = audit.Actor(label=str(customer.csm.user)) if customer.csm else actor
            sharing.answer(customer_id=customer.pk, text=answered, actor=ours, now=now - timedelta(days=2))
