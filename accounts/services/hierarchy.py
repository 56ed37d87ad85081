"""Who belongs to whom, and who referred whom: links between customers, told by external id."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction

from accounts.models import Customer
from accounts.services import bulk, writing
from accounts.services.results import Outcome, Result
from accounts.services.writing import Facts
from csplatform.core import audit, locks

LINKS = {"parent_external_id": "parent_id", "referred_by_external_id": "referred_by_id"}
_MAX_DEPTH = 100


@transaction.atomic
def set_links(*, rows: Sequence[Facts], actor: audit.Actor, now: datetime) -> Result:
    """Set the links told in ``rows``, whose customers exist already; a blank one is removed.

    Refused, the customer staying as it was: an unknown customer, itself, and a link that closes a circle, which
    is named. Rows without a link, or known earlier than what is stored, change nothing.
    """
    result = Result.of(len(rows))
    told = [(index, row, field) for index, row in enumerate(rows) for field in LINKS if field in row.values]
    if not told:
        return result
    # Two writers who each see half of a circle would close it together.
    locks.hold("hierarchy")
    names = {str(row.values[field] or "").strip() for _, row, field in told} - {""}
    targets = dict(Customer.objects.filter(external_id__in=names).values_list("external_id", "id"))
    customers = writing.locked(Customer, sorted({row.external_id.strip() for _, row, _ in told}))
    circles = {field: _Circles(field, [*targets.values()]) for field in LINKS}
    changed: dict[UUID, Customer] = {}
    for index, row, field in told:
        customer = customers.get(row.external_id.strip())
        if customer is None or (row.known_at and row.known_at < customer.known_at):
            continue
        result.ids[index] = customer.pk
        wanted = str(row.values[field] or "").strip()
        try:
            target = _target(wanted, targets)
            if getattr(customer, LINKS[field]) == target:
                continue
            circles[field].link(customer, target)
        except ValueError as error:
            result.refuse(index, field, str(error))
            continue
        setattr(customer, LINKS[field], target)
        changed[customer.pk] = customer
        result.outcomes[index] = Outcome.UPDATED
        result.changed.setdefault(index, []).append(LINKS[field].removesuffix("_id"))
    for customer in changed.values():
        customer.version += 1
        customer.updated_at = now
    bulk.update(list(changed.values()), [*LINKS.values(), "version", "updated_at"])
    writing.audit_result(result=result, subject="customer", model=Customer, actor=actor, now=now)
    return result


def _target(external_id: str, targets: Mapping[str, UUID]) -> UUID | None:
    if not external_id:
        return None
    try:
        return targets[external_id]
    except KeyError:
        raise ValueError(f"there is no customer with the external_id “{external_id}”") from None


class _Circles:
    """The chains above the wanted targets, kept right while links are set one by one."""

    def __init__(self, field: str, targets: Iterable[UUID]) -> None:
        self._above: dict[UUID, UUID] = {}
        self._name: dict[UUID, str] = {}
        column = LINKS[field]
        with connection.cursor() as cursor:
            cursor.execute(
                f"""
                WITH RECURSIVE chain(id, above, external_id, depth) AS (
                  SELECT id, {column}, external_id, 0 FROM accounts_customer WHERE id = ANY(%s::uuid[])
                  UNION
                  SELECT c.id, c.{column}, c.external_id, chain.depth + 1
                  FROM chain JOIN accounts_customer c ON c.id = chain.above WHERE chain.depth < {_MAX_DEPTH}
                ) SELECT DISTINCT id, above, external_id FROM chain
                """,
                [[str(target) for target in targets]],
            )
            for customer_id, above, external_id in cursor.fetchall():
                self._name[customer_id] = external_id
                if above is not None:
                    self._above[customer_id] = above

    def link(self, customer: Customer, target: UUID | None) -> None:
        """Note the link; raises ``ValueError`` naming the circle it would close."""
        self._name[customer.pk] = customer.external_id
        if target is None:
            self._above.pop(customer.pk, None)
            return
        path: list[UUID] = [customer.pk]
        at: UUID | None = target
        while at is not None and at not in path:
            path.append(at)
            if len(path) > _MAX_DEPTH:
                raise ValueError(f"the chain would be longer than {_MAX_DEPTH} customers")
            at = self._above.get(at)
        if at == customer.pk:
            circle = " → ".join(self._name[step] for step in [*path, at])
            raise ValueError(f"this would close a circle: {circle}")
        self._above[customer.pk] = target
