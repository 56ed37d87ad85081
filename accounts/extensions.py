"""Where higher apps plug into accounts without accounts importing them. Filled in each ``AppConfig.ready``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol
from uuid import UUID

from accounts.models import Customer, ImportRun, Workspace
from csplatform.core import audit, locks

STAGES = "stages"
"""The lock on the set of stages: whoever changes it holds it."""


@dataclass(frozen=True, slots=True)
class Placement:
    """A customer to be placed at a stage. ``stage_key`` None: derive it from the contract state."""

    customer_id: UUID
    stage_key: str | None
    occurred_on: date
    known_at: datetime


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of sending a survey to a customer: ``note`` says it in words, who was left alone and why included."""

    mails: int
    note: str


class SurveySender(Protocol):
    """Sends surveys for playbooks. Its app keeps its own rules on who may be asked; nothing here overrides them."""

    def names(self) -> Mapping[str, str]:
        """Id → name of the active workspace's surveys that can be sent now."""

    def addressees(self) -> Mapping[str, str]:
        """Key → name of the groups at a customer that can be asked."""

    def send(
        self,
        *,
        survey_id: UUID,
        customer_id: UUID,
        addressees: str | UUID,
        occasion: str,
        label: str,
        actor: audit.Actor,
        now: datetime,
    ) -> Sent:
        """Ask the customer's people, in the caller's transaction: a group of them, or the one contact of an id.

        ``occasion``: the name of the event that led to it. Raises ``ValidationError`` when it cannot be sent.
        """


@dataclass(frozen=True, slots=True)
class Standing:
    """A customer whose stage somebody has named: from there on the rules of moves hold.

    ``placed_at``: the stages it was placed at by name. ``is_only_placed``: it has never been moved by the rules, so
    that a file may still tell how it came there.
    """

    placed_at: frozenset[str]
    is_only_placed: bool


WorkspaceHook = Callable[[Workspace, datetime], None]
Placer = Callable[[Sequence[Placement], str, datetime], None]
StageKeys = Callable[[], set[str]]
Standings = Callable[[Sequence[UUID]], Mapping[UUID, Standing]]
StageNames = Callable[[], dict[str, str]]
CustomersHook = Callable[[Sequence[UUID], datetime], None]
ClockHook = Callable[[datetime], None]
CustomerHook = Callable[[Customer, datetime], None]
RunHook = Callable[[ImportRun, datetime], None]
PeopleHook = Callable[[Sequence[str]], None]
Counter = Callable[[UUID], Sequence[tuple[str, int]]]
SegmentUses = Callable[[UUID], Sequence[str]]
"""What of an app rests on a saved segment, a sentence for each use, so that it is not removed under it."""

workspace_created: list[WorkspaceHook] = []
placers: list[Placer] = []
stage_keys: list[StageKeys] = []
stage_names: list[StageNames] = []
survey_senders: list[SurveySender] = []
standings: list[Standings] = []
customers_changed: list[CustomersHook] = []
customers_created: list[CustomersHook] = []
contracts_changed: list[CustomersHook] = []
before_deletions: list[ClockHook] = []
customer_deletions: list[CustomerHook] = []
imports_ended: list[RunHook] = []
people_deletions: list[PeopleHook] = []
deletion_counters: list[Counter] = []
segment_uses: list[SegmentUses] = []


def place_customers(placements: Sequence[Placement], *, actor_label: str, now: datetime) -> None:
    """Hand ``placements`` to the app that owns stages; keeps the customers' stage columns right."""
    for placer in placers:
        placer(placements, actor_label, now)


def share_stages() -> None:
    """Keep the set of stages as it is until the transaction ends.

    Who writes many customers at once does so before locking the first of them: retiring a stage locks customers too,
    in an order of its own. Who holds one customer already needs not, and must not.
    """
    locks.share(STAGES)


def known_stage_keys() -> set[str]:
    """Keys of the active workspace's stages."""
    return set().union(*(source() for source in stage_keys))


def standings_of(customer_ids: Sequence[UUID]) -> dict[UUID, Standing]:
    """Those of the customers whose stage was named by somebody, and how; the others may be placed."""
    found: dict[UUID, Standing] = {}
    for source in standings if customer_ids else ():
        found |= source(customer_ids)
    return found


def named_stages() -> dict[str, str]:
    """The active workspace's stages in journey order: key → name."""
    return {key: name for source in stage_names for key, name in source().items()}


def notify_changed(customer_ids: Sequence[UUID], now: datetime) -> None:
    """Tell listeners, in the same transaction, that something scores depend on has changed."""
    for hook in customers_changed:
        hook(customer_ids, now)


def notify_contracts(customer_ids: Sequence[UUID], now: datetime) -> None:
    """Tell listeners, in the same transaction, that what subscriptions say of these customers has changed."""
    for hook in contracts_changed:
        hook(customer_ids, now)


def notify_created(customer_ids: Sequence[UUID], now: datetime) -> None:
    """Tell listeners, in the same transaction, that customers have come into being (events may wait for them)."""
    for hook in customers_created:
        hook(customer_ids, now)


def notify_import_ended(run: ImportRun, now: datetime) -> None:
    """Tell listeners, in the same transaction, that an import is over, however it ended."""
    for hook in imports_ended:
        hook(run, now)


def prepare_deletion(now: datetime) -> None:
    """Let listeners finish what would bring a customer back, and take the locks that come before customers' rows.

    Raises ``accounts.services.results.BusyError`` while that cannot be done.
    """
    for hook in before_deletions:
        hook(now)


def forget_customer(customer: Customer, now: datetime) -> None:
    """Tell listeners, in the same transaction and while its row still stands, to let go of what no key ties to it."""
    for hook in customer_deletions:
        hook(customer, now)


def forget_people(external_ids: Sequence[str]) -> None:
    """Tell listeners, in the same transaction, that these contacts are being deleted."""
    for hook in people_deletions:
        hook(external_ids)


def count_for_deletion(customer_id: UUID) -> list[tuple[str, int]]:
    """What higher apps would lose with a customer: (label, number)."""
    return [pair for counter in deletion_counters for pair in counter(customer_id)]
