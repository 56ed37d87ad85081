"""Subscriptions: what customers pay for, with every version of what was known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts import extensions, terms, values
from accounts.models import Subscription, SubscriptionVersion, Workspace
from accounts.services import bulk, read_model, writing
from accounts.services.results import Outcome, Result
from accounts.services.writing import Cleaner, Facts, FieldError, Row
from csplatform.core import audit
from csplatform.core.ids import uuid7
from csplatform.core.tenancy import current_workspace_id

_COLUMNS = (
    "customer_id",
    "product",
    "plan",
    "seats",
    "arr_minor",
    "currency",
    "billing_period_months",
    "starts_on",
    "ends_on",
    "cancelled_on",
    "renewal_on",
    "auto_renews",
    "notice_days",
)
_CANCELLATION = {"ends_on", "cancelled_on"}


def cleaners(currency: str) -> dict[str, Cleaner]:
    """How each settable field is read. ``mrr`` and ``arr`` in major units of ``currency``; ``arr`` wins."""
    return {
        "customer_external_id": partial(values.text, limit=200),
        "product": partial(values.text, limit=120),
        "plan": partial(values.text, limit=120),
        "seats": values.whole,
        "mrr": partial(values.money_minor, currency=currency, times=12),
        "arr": partial(values.money_minor, currency=currency),
        "currency": values.currency,
        "billing_period_months": lambda value: values.whole(value, low=1, high=120) or 12,
        "starts_on": values.day,
        "ends_on": values.day,
        "cancelled_on": values.day,
        "renewal_on": values.day,
        "auto_renews": lambda value: bool(values.yes_or_no(value)),
        "notice_days": partial(values.whole, high=1_000),
    }


def upsert(*, rows: Sequence[Facts], actor: audit.Actor, now: datetime) -> Result:
    """Create or change subscriptions by external id, and what their customers' rows say of the contract.

    Known when told; else a new one when it starts, a change of the cancellation when that was given, any other
    change now. A row known earlier than the stored version becomes an earlier version and leaves the present
    one alone.
    """
    workspace = Workspace.objects.get(pk=current_workspace_id())
    result = Result.of(len(rows))
    usable = writing.clean(rows, cleaners(workspace.currency), result, now)
    customers = writing.customer_ids(usable)
    touched: set[UUID] = set()
    with transaction.atomic():
        extensions.share_stages()
        for group in writing.rounds(usable, now):
            touched |= _write_round(group, customers, workspace.currency, result, now)
        writing.audit_result(result=result, subject="subscription", model=Subscription, actor=actor, now=now)
        if touched:
            told = read_model.refresh_contracts(touched, day=now.date(), now=now)
            extensions.notify_contracts(sorted(touched.difference(told)), now)
            extensions.notify_changed(sorted(touched), now)
    return result


def create(
    *, external_id: str, told: Mapping[str, object], actor: audit.Actor, now: datetime, known_at: datetime | None = None
) -> Subscription:
    """A new subscription; raises ``ValidationError`` by field, also when the external id is taken."""
    if Subscription.objects.filter(external_id=external_id).exists():
        writing.taken()
    result = upsert(rows=[Facts(external_id, told, known_at)], actor=actor, now=now)
    result.raise_refusals()
    if result.outcomes[0] != Outcome.CREATED:
        writing.taken()
    return Subscription.objects.get(pk=result.only_id())


@transaction.atomic
def update(
    *,
    subscription_id: UUID,
    told: Mapping[str, object],
    actor: audit.Actor,
    now: datetime,
    expected_version: int | None = None,
) -> Subscription:
    """Change the told fields. Raises ``Subscription.DoesNotExist``, ``StaleVersionError`` or ``ValidationError``."""
    subscription = Subscription.objects.select_for_update(of=("self",), no_key=True).get(pk=subscription_id)
    writing.require_version(subscription, expected_version)
    upsert(rows=[Facts(subscription.external_id, told)], actor=actor, now=now).raise_refusals()
    return Subscription.objects.get(pk=subscription_id)


def as_terms(row: Any) -> terms.Terms:
    """A subscription, or one of its versions, as the contract rules read it."""
    return terms.Terms(
        starts_on=row.starts_on,
        arr_minor=row.arr_minor,
        billing_period_months=row.billing_period_months,
        ends_on=row.ends_on,
        cancelled_on=row.cancelled_on,
        renewal_on=row.renewal_on,
        auto_renews=row.auto_renews,
        notice_days=row.notice_days,
        seats=row.seats,
    )


def _write_round(
    rows: Sequence[Row], customers: Mapping[str, UUID], currency: str, result: Result, now: datetime
) -> set[UUID]:
    existing = writing.locked(Subscription, [row.facts.external_id for row in rows])
    drafts: dict[str, _Draft] = {}
    new: dict[str, Subscription] = {}
    for row in rows:
        key = row.facts.external_id
        try:
            draft = _Draft.of(row, customers, currency)
            if key in existing:
                check({**{name: getattr(existing[key], name) for name in _COLUMNS}, **draft.columns})
            else:
                new[key] = draft.new_subscription(currency, now)
            drafts[key] = draft
        except FieldError as error:
            result.refuse(row.index, error.field, str(error))
    created = writing.insert_new(Subscription, new, existing)
    older = {
        existing[key].pk: draft
        for key, draft in drafts.items()
        if key in existing and draft.row.facts.known_at and draft.row.facts.known_at < existing[key].known_at
    }
    touched = _add_older(older, existing, result)
    changed: list[Subscription] = []
    restated: list[Subscription] = []
    for key, draft in drafts.items():
        if key in new and new[key].pk in created:
            writing.settle(result, draft.row, new[key], Outcome.CREATED)
            touched.add(new[key].customer_id)
            continue
        subscription = existing[key]
        if subscription.pk in older:
            continue
        customer_before = subscription.customer_id
        fields = writing.assign(subscription, draft.columns)
        if not fields:
            writing.settle(result, draft.row, subscription, Outcome.UNCHANGED)
            if restated_at := writing.restated_at(draft.row, subscription.known_at):
                subscription.known_at = restated_at
                restated.append(subscription)
            continue
        known_at = draft.row.facts.known_at or _change_known_at(subscription, fields, now)
        subscription.known_at = max(known_at, subscription.known_at)
        subscription.updated_at = now
        subscription.version += 1
        changed.append(subscription)
        touched |= {customer_before, subscription.customer_id}
        writing.settle(result, draft.row, subscription, Outcome.UPDATED, fields)
    bulk.update(changed, [*_COLUMNS, "known_at", "updated_at", "version"])
    _keep_restated(restated)
    return touched


def _keep_restated(restated: Sequence[Subscription]) -> None:
    """The trigger keeps changes alone; a repetition's date is put beside them by hand."""
    bulk.update(restated, ["known_at"])
    SubscriptionVersion.objects.bulk_create(
        _version(each, each.known_at, {name: getattr(each, name) for name in _COLUMNS}) for each in restated
    )


def _version(subscription: Subscription, known_at: datetime, columns: Mapping[str, Any]) -> SubscriptionVersion:
    return writing.version(SubscriptionVersion, subscription, known_at, subscription_id=subscription.pk, **columns)


def _change_known_at(subscription: Subscription, fields: Sequence[str], now: datetime) -> datetime:
    """When a change without its own ``known_at`` was known: a cancellation when it was given, the rest now."""
    if not set(fields) <= _CANCELLATION:
        return now
    early = terms.early_end_known_on(as_terms(subscription))
    day = early or subscription.cancelled_on or (subscription.starts_on if subscription.ends_on else None)
    return min(midnight(day), now) if day else now


def _add_older(older: Mapping[UUID, _Draft], existing: Mapping[str, Subscription], result: Result) -> set[UUID]:
    """Put rows known before the stored version into the history, where they say anything new."""
    if not older:
        return set()
    history: dict[UUID | None, list[SubscriptionVersion]] = {}
    for version in SubscriptionVersion.objects.filter(subscription_id__in=older.keys()).order_by("known_at", "id"):
        history.setdefault(version.subscription_id, []).append(version)
    added: list[SubscriptionVersion] = []
    touched: set[UUID] = set()
    for subscription_id, draft in older.items():
        subscription = existing[draft.row.facts.external_id]
        known_at = draft.row.facts.known_at
        assert known_at is not None
        before = [version for version in history.get(subscription_id, []) if version.known_at <= known_at]
        basis = before[-1] if before else subscription
        wanted = {name: draft.columns.get(name, getattr(basis, name)) for name in _COLUMNS}
        if before and all(getattr(before[-1], name) == value for name, value in wanted.items()):
            writing.settle(result, draft.row, subscription, Outcome.UNCHANGED)
            if writing.restated_at(draft.row, before[-1].known_at):
                added.append(_version(subscription, known_at, wanted))
            continue
        added.append(_version(subscription, known_at, wanted))
        touched |= {wanted["customer_id"], subscription.customer_id}
        writing.settle(result, draft.row, subscription, Outcome.UPDATED, ["history"])
    SubscriptionVersion.objects.bulk_create(added)
    return touched


@dataclass(slots=True)
class _Draft:
    row: Row
    columns: dict[str, Any]

    @classmethod
    def of(cls, row: Row, customers: Mapping[str, UUID], currency: str) -> _Draft:
        told = row.told
        columns = {name: told[name] for name in _COLUMNS if name in told}
        if "customer_external_id" in told:
            columns["customer_id"] = writing.customer_id(told["customer_external_id"], customers)
        arr = told["arr"] if told.get("arr") is not None else told.get("mrr")
        if arr is not None:
            columns["arr_minor"] = arr
        if columns.pop("currency", "") not in ("", currency):
            raise FieldError(
                "currency", f"is {told['currency']}, and this workspace counts in {currency}: convert the amounts first"
            )
        if "starts_on" in columns and columns["starts_on"] is None:
            raise FieldError("starts_on", "is empty")
        return cls(row, columns)

    def new_subscription(self, currency: str, now: datetime) -> Subscription:
        """Raises ``FieldError`` naming what is missing or contradicts itself."""
        for name, told_as in (("customer_id", "customer_external_id"), ("starts_on", "starts_on")):
            if not self.columns.get(name):
                raise FieldError(told_as, "is needed for a new subscription")
        if "arr_minor" not in self.columns:
            raise FieldError("mrr", "is empty, and so is arr: say one of them, 0 for a free plan")
        check(self.columns)
        return Subscription(
            id=uuid7(),
            workspace_id=current_workspace_id(),
            external_id=self.row.facts.external_id,
            currency=currency,
            known_at=writing.known_on_creation(self.row, midnight(self.columns["starts_on"]), now),
            updated_at=now,
            **self.columns,
        )


def check(columns: Mapping[str, Any]) -> None:
    """Raise ``FieldError`` where dates contradict each other."""
    start, end, renewal = columns["starts_on"], columns.get("ends_on"), columns.get("renewal_on")
    if end is not None and end < start:
        raise FieldError("ends_on", f"is {end}, before the start on {start}")
    if renewal is not None and renewal < start:
        raise FieldError("renewal_on", f"is {renewal}, before the start on {start}")


def midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)
