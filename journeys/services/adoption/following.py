"""Where each person stands, kept from what they did: whoever reads the events hands in uses, and states come out.

Everything from a day on is computed anew and compared with what is stored, so that doing it again changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from operator import attrgetter
from typing import Any
from uuid import UUID, uuid4

from django.db import connection

from accounts.models import Contact
from accounts.services import bulk
from csplatform.core import outbox
from csplatform.core.arrays import literal
from csplatform.core.tenancy import current_workspace_id
from journeys.adoption.knowledge import Closed, KnownRules, KnownUse, learn
from journeys.adoption.rules import parse
from journeys.adoption.states import NOBODY, Change, InForce, Standing, State
from journeys.models import AdoptionState, PeopleShown
from journeys.selectors import adoption as reads
from journeys.services.adoption import changes
from journeys.services.adoption.changes import Person, Written

BEGINNING = date(1970, 1, 1)
NEWS_DAYS = 2
"""Older changes are history that came late, and not news."""
EVENTS: Mapping[State, str] = {
    State.FIRST_USE: "contact.first_used",
    State.ACTIVATED: "contact.activated",
    State.HABITUAL: "contact.habit_formed",
    State.LAPSED: "contact.lapsed",
}
_STATE_COLUMNS = (
    "customer_id",
    "state",
    "since",
    "invited_on",
    "first_use_on",
    "activated_on",
    "last_use_on",
    "due_on",
)


def versions() -> list[KnownRules]:
    """The active workspace's rules as the engine takes them, in the order in which they became known."""
    return [
        KnownRules(known.toordinal(), [InForce(day.toordinal(), parse(told)) for day, told in in_force])
        for known, in_force in reads.known_definitions()
    ]


def people_of(
    contacts: Sequence[UUID], from_days: Mapping[UUID, date], known_from: Mapping[UUID, date], today: date
) -> list[Person]:
    """These contacts as they stood before their customer's day in ``from_days``.

    ``known_from``: the earliest day on which something new of the customer was known; where that is before the day on
    which somebody was followed last, they are followed from the start. Who stands at another customer than before
    begins anew, and so does whose invitation has changed. Who was never followed has done nothing before that day, but
    may have been invited any time.
    """
    rows = Contact.objects.filter(pk__in=contacts, customer_id__in=from_days).values_list(
        "pk", "customer_id", "invited_at", "known_at"
    )
    stored = {row.contact_id: row for row in AdoptionState.objects.filter(contact_id__in=contacts)}
    found = {}
    for contact_id, customer_id, invited_at, known_at in rows:
        row, since = stored.get(contact_id), from_days[customer_id]
        invited_on = invited_at.astimezone(UTC).date() if invited_at else None
        is_anew = row is not None and (row.customer_id, row.invited_on) != (customer_id, invited_on)
        begins = None if row is None else _day(row.computed_at)
        if begins is not None and is_anew:
            begins = max(begins, min(_day(known_at), today))
        elif begins is not None and known_from[customer_id] < begins:
            begins = None
        first = since if begins is not None and not is_anew else BEGINNING
        found[contact_id] = Person(
            contact_id=contact_id,
            customer_id=customer_id,
            invited=invited_on.toordinal() if invited_on else None,
            from_day=first,
            uses_from=BEGINNING if row is not None and first == BEGINNING else since,
            start=NOBODY if row is None or first == BEGINNING else _start(row, first),
            stored=row,
            begins=begins,
        )
    _read_changes(found)
    return list(found.values())


def _day(moment: datetime) -> date:
    return moment.astimezone(UTC).date()


def _start(row: AdoptionState, since: date) -> Standing:
    """The stored standing as of the day before; where the state is newer than that, the changes tell which it was."""

    def before(day: date | None) -> int | None:
        return day.toordinal() if day is not None and day < since else None

    settled = row.since < since
    return Standing(
        day=since.toordinal() - 1,
        state=State(row.state) if settled else None,
        since=row.since.toordinal() if settled else None,
        first_use=before(row.first_use_on),
        activated=before(row.activated_on),
        last_use=before(row.last_use_on),
    )


def _read_changes(people: Mapping[UUID, Person]) -> None:
    """Fill in what is stored from each one's day on, and how those stood before whose state is newer than that."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT c.contact_id, c.day, c.state, c.before, coalesce(c.known_on, c.day)
            FROM unnest(%s::uuid[], %s::date[]) AS who (id, since)
            JOIN journeys_adoptionchange c ON c.contact_id = who.id AND c.workspace_id = %s AND c.day >= who.since
            ORDER BY c.contact_id, c.day
            """,
            [*_who(people.values()), str(current_workspace_id())],
        )
        for contact_id, day, state, before, known_on in cursor.fetchall():
            change = Change(day.toordinal(), State(state), State(before) if before else None)
            people[contact_id].changes[change] = known_on.toordinal()
    unsettled = [
        person
        for person in people.values()
        if person.stored is not None and person.start.state is None and person.from_day > BEGINNING
    ]
    if not unsettled:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT DISTINCT ON (c.contact_id) c.contact_id, c.day, c.state
            FROM unnest(%s::uuid[], %s::date[]) AS who (id, since)
            JOIN journeys_adoptionchange c ON c.contact_id = who.id AND c.workspace_id = %s AND c.day < who.since
            ORDER BY c.contact_id, c.day DESC
            """,
            [*_who(unsettled), str(current_workspace_id())],
        )
        for contact_id, day, state in cursor.fetchall():
            start = people[contact_id].start
            people[contact_id].start = Standing(
                start.day, State(state), day.toordinal(), start.first_use, start.activated, start.last_use
            )


def _who(people: Any) -> tuple[str, str]:
    chosen = list(people)
    return literal([str(each.contact_id) for each in chosen]), literal([each.from_day for each in chosen])


def record(
    people: Sequence[Person], uses: Mapping[UUID, Sequence[KnownUse]], *, rules: Sequence[KnownRules], now: datetime
) -> dict[UUID, date]:
    """Follow these people up to today and store what has become of them.

    Returns the customers whose past this has put right, with the first day concerned. ``uses`` holds what each did,
    from as far before their day as the rules look back.
    """
    today = now.astimezone(UTC).date()
    written = Written()
    kept: list[AdoptionState] = []
    new: list[AdoptionState] = []
    gone: list[UUID] = []
    for person in people:
        standing = _learn(person, uses.get(person.contact_id, ()), rules, today, written)
        if standing.state is None:
            if person.stored is not None:
                gone.append(person.stored.pk)
        elif person.stored is None:
            new.append(_row(person, standing, now))
        elif _differs(row := _row(person, standing, now), person.stored):
            row.pk = person.stored.pk
            kept.append(row)
    changes.write(written, now)
    AdoptionState.objects.filter(pk__in=gone).delete()
    new.sort(key=attrgetter("contact_id"))
    bulk.insert(new)
    bulk.update(kept, [*_STATE_COLUMNS, "computed_at"])
    fresh = [(person, change) for person, change, _known in written.added if change not in person.changes]
    _tell(fresh, today, now)
    return written.put_right()


def _learn(
    person: Person, uses: Sequence[KnownUse], rules: Sequence[KnownRules], today: date, written: Written
) -> Standing:
    """Follow one person; what differs from what is stored goes to ``written``.

    Where everything is learnt anew, what was stored and is not found again was never known to anybody but us: it stays
    for what was computed from it. The rules of today then count from the start, as backdated ones do.
    """
    stored = person.changes
    moved = person.stored is not None and person.stored.customer_id != person.customer_id
    begins = BEGINNING.toordinal() if person.begins is None else max(person.begins.toordinal(), *stored.values(), 0)
    learnt = learn(
        person.start,
        held={} if moved or person.begins is None else stored,
        invited=person.invited,
        uses=uses,
        rules=rules if person.begins is not None else rules[-1:],
        begins=begins,
        through=max(today.toordinal(), person.start.day),
    )
    written.closed += [(person, each) for each in learnt.closed if learnt.held.get(each.change) != each.known_on]
    for change, known_on in stored.items():
        if moved:
            written.closed.append((person, Closed(change, known_on, begins)))
        elif person.begins is None and learnt.held.get(change) != known_on:
            written.closed.append((person, Closed(change, known_on, known_on)))
    written.added += [
        (person, change, known_on)
        for change, known_on in learnt.held.items()
        if moved or stored.get(change) != known_on
    ]
    return learnt.standing


def _row(person: Person, standing: Standing, now: datetime) -> AdoptionState:
    def day(number: int | None) -> date | None:
        return None if number is None else date.fromordinal(number)

    assert standing.state is not None
    assert standing.since is not None
    return AdoptionState(
        id=uuid4(),  # not by time: the order of rows must not tell who is who
        workspace_id=current_workspace_id(),
        contact_id=person.contact_id,
        customer_id=person.customer_id,
        state=standing.state.value,
        since=date.fromordinal(standing.since),
        invited_on=day(person.invited),
        first_use_on=day(standing.first_use),
        activated_on=day(standing.activated),
        last_use_on=day(standing.last_use),
        due_on=day(standing.due),
        computed_at=now,
    )


def _differs(row: AdoptionState, stored: AdoptionState) -> bool:
    return any(getattr(row, name) != getattr(stored, name) for name in _STATE_COLUMNS)


def _tell(changes: Sequence[tuple[Person, Change]], today: date, now: datetime) -> None:
    """News of the last days, one for each person and day at most; nothing about single people in aggregate mode."""
    oldest = (today - timedelta(days=NEWS_DAYS - 1)).toordinal()
    news = [(person, change) for person, change in changes if change.day >= oldest and change.state in EVENTS]
    if not news:
        return
    shown = reads.shown()
    if shown.people == PeopleShown.AGGREGATE:
        return
    by_name = shown.people == PeopleShown.NAME
    outbox.publish_many(
        workspace_id=current_workspace_id(),
        events=[
            (
                EVENTS[change.state],
                {
                    "customer_id": str(person.customer_id),
                    "contact_id": str(person.contact_id) if by_name else None,
                    "pseudonym": None if by_name else shown.pseudonym(person.contact_id),
                    "before": change.before.value if change.before else None,
                    "day": date.fromordinal(change.day).isoformat(),
                },
            )
            for person, change in news
        ],
        now=now,
    )


def count(customer_ids: Sequence[UUID], *, now: datetime) -> None:
    """Bring the numbers of these customers up to date with the states of their people."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO journeys_adoptioncount AS kept (id, workspace_id, customer_id, people, invited, first_use,
              activated, habitual, lapsed, habit_percent, work_percent, counted_at)
            SELECT gen_random_uuid(), %(workspace)s, c.id, n.people, n.invited, n.first_use, n.activated, n.habitual,
                   n.lapsed, CASE WHEN n.people > 0 THEN 10000 * n.habitual / n.people ELSE 0 END,
                   CASE WHEN n.people > 0 THEN 10000 * (n.habitual + n.activated) / n.people ELSE 0 END, %(now)s
            FROM accounts_customer c CROSS JOIN LATERAL (
              SELECT count(*) AS people, count(*) FILTER (WHERE s.state = 'invited') AS invited,
                     count(*) FILTER (WHERE s.state = 'first_use') AS first_use,
                     count(*) FILTER (WHERE s.state = 'activated') AS activated,
                     count(*) FILTER (WHERE s.state = 'habitual') AS habitual,
                     count(*) FILTER (WHERE s.state = 'lapsed') AS lapsed
              FROM journeys_adoptionstate s WHERE s.workspace_id = %(workspace)s AND s.customer_id = c.id) n
            WHERE c.workspace_id = %(workspace)s AND c.id = ANY(%(ids)s::uuid[])
            ORDER BY c.id
            ON CONFLICT (customer_id) DO UPDATE SET people = EXCLUDED.people, invited = EXCLUDED.invited,
              first_use = EXCLUDED.first_use, activated = EXCLUDED.activated, habitual = EXCLUDED.habitual,
              lapsed = EXCLUDED.lapsed, habit_percent = EXCLUDED.habit_percent,
              work_percent = EXCLUDED.work_percent, counted_at = EXCLUDED.counted_at
            WHERE (kept.people, kept.invited, kept.first_use, kept.activated, kept.habitual, kept.lapsed)
              <> (EXCLUDED.people, EXCLUDED.invited, EXCLUDED.first_use, EXCLUDED.activated, EXCLUDED.habitual,
                  EXCLUDED.lapsed)
            """,
            {"workspace": str(current_workspace_id()), "ids": [str(each) for each in customer_ids], "now": now},
        )


def due(today: date) -> dict[UUID, date]:
    """Customers of people whom silence moves on up to ``today``, with the first such day."""
    rows = AdoptionState.objects.filter(due_on__lte=today).order_by("due_on").values_list("customer_id", "due_on")
    found: dict[UUID, date] = {}
    for customer_id, day in rows.iterator(chunk_size=2_000):
        if day is not None:
            found.setdefault(customer_id, day)
    return found


def midnight(day: date) -> datetime:
    """The beginning of a day, UTC."""
    return datetime.combine(day, time.min, UTC)
