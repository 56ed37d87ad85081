"""The story told by files: what a vendor's other systems would export of it, one row for each thing they noted."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from accounts.imports import kinds
from tests.story.telling import CUSTOMER, REFERRER, STORY, Step, address

Row = dict[str, Any]

ORDER = tuple(kind.key for kind in kinds.all_kinds())
"""The order the imports page lists kinds in: what others refer to comes first."""

NOT_IN_FILES: Mapping[str, str] = {
    "strike": "a shock is declared by a manager, on whoever its filter finds at that moment",
    "subside": "and closed by one, with what was learnt",
    "celebrate": "a win follows from its KPI; that the customer was congratulated is said by who did it",
}
"""Deeds that no file tells, and why."""

_PASSED_OVER = "adoption:50"  # what the default stages ask for where the story goes past it by name


def files_of(folder: Path, until: datetime) -> list[tuple[str, Path]]:
    """CSV files with everything that had happened by ``until``, by kind, in the order to import them."""
    book = _Book()
    for step in STORY:
        if step.at <= until and step.deed not in NOT_IN_FILES:
            book.note(step)
    return [(kind, _written(folder / f"{kind}.csv", book.rows[kind])) for kind in ORDER if book.rows[kind]]


def _written(path: Path, rows: list[Row]) -> Path:
    columns = list(dict.fromkeys(name for row in rows for name in row))
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)
    return path


class _Book:
    """Rows by kind. Each method notes a deed of the story."""

    def __init__(self) -> None:
        self.rows: dict[str, list[Row]] = {kind: [] for kind in ORDER}
        self._customer: Row = {}
        self._relay: Row = {}
        self._step = STORY[0]

    def note(self, step: Step) -> None:
        self._step = step
        getattr(self, f"_{step.deed}")(**step.told)

    @property
    def _now(self) -> str:
        return self._step.at.isoformat()

    @property
    def _today(self) -> str:
        return self._step.at.date().isoformat()

    @property
    def _by(self) -> str:
        return address(self._step.who)

    def _add(self, file: str, external_id: str, /, **told: Any) -> Row:
        row = {"external_id": external_id, "known_at": self._now, **told}
        self.rows[file].append(row)
        return row

    def _advocate(self, *, key: str, customer: str, state: str, contact: str = "", **told: str) -> None:
        moment = {f"{state}_at": self._now}
        self._add(
            "advocacy", key, customer_external_id=customer, contact_external_id=contact, state=state, **moment, **told
        )

    def _advance(self, *, key: str, state: str, **told: str) -> None:
        self._add(
            "advocacy", key, **self._as_it_stood("advocacy", key), state=state, **{f"{state}_at": self._now}, **told
        )

    def _refer(self, *, key: str, external_id: str, name: str) -> None:
        self._customer = {"name": name, "source": "referral", "referred_by_external_id": REFERRER,
                          "created_at": self._now}  # fmt: skip
        self._add("customers", external_id, **self._customer)
        self._advance(key=key, state="done", referred_external_id=external_id)

    def _describe(self, **told: str) -> None:
        self._customer |= told
        self._add("customers", CUSTOMER, **self._customer)

    def _meet(self, *, external_id: str, **told: Any) -> None:
        self._add("contacts", external_id, customer_external_id=CUSTOMER, **told)

    def _move(self, *, override: bool = False, **told: str) -> None:
        self._add(
            "moves",
            f"move-{len(self.rows['moves'])}",
            customer_external_id=CUSTOMER,
            occurred_on=self._today,
            override="yes" if override else "",
            passed_over=_PASSED_OVER if override else "",
            by=self._by,
            **told,
        )

    def _offer(self, *, stage: str, reason: str) -> None:
        before = self.rows["moves"][-1]["stage"]
        self._relay = self._add(
            "relays",
            f"relay-{len(self.rows['relays'])}",
            customer_external_id=CUSTOMER,
            from_stage=before,
            to_stage=stage,
            giver_email=self._by,
            state="offered",
            reason=reason,
            offered_at=self._now,
            checklist="|".join(_CHECKLISTS[stage]),
        )

    def _tick(self, *, line: str) -> None:
        self._relay["checklist"] = self._relay["checklist"].replace(line, f"[x] {line}")

    def _decide(self, state: str, **told: str) -> None:
        decided = {"state": state, "decided_at": self._now, "decided_by": self._by, "known_at": self._now}
        self._relay |= {**decided, **told}

    def _accept(self, *, note: str = "") -> None:
        self._decide("accepted", taker_email=self._by, note=note)
        self._move(stage=self._relay["to_stage"], reason=self._relay["reason"])

    def _decline(self, *, cause: str, reason: str) -> None:
        self._decide("declined", decline_cause=cause, decline_reason=reason)

    def _reoffer(self, *, reason: str) -> None:
        before = self._relay
        self._offer(stage=before["to_stage"], reason=reason)
        self._relay["reoffers_external_id"] = before["external_id"]

    def _promise(self, *, key: str, kpi: Row | None = None, **told: str) -> None:
        names = {"name": "kpi_name"}
        figures = {names.get(name, name): value for name, value in (kpi or {}).items()}
        figures |= {"kpi_external_id": key} if kpi else {}
        self._add("outcomes", key, customer_external_id=CUSTOMER, effective_on=self._today, **told, **figures)

    def _revise(self, *, key: str, **told: str) -> None:
        self._add("outcomes", key, customer_external_id=CUSTOMER, effective_on=self._today, **told)

    def _settle(self, *, key: str, **told: str) -> None:
        self._revise(key=key, **told)

    def _measure(self, *, key: str, value: str) -> None:
        name = f"measured-{len(self.rows['measurements'])}"
        self._add("measurements", name, kpi_external_id=key, value=value, measured_on=self._today)

    def _sign(self, *, external_id: str, **told: Any) -> None:
        self._add("subscriptions", external_id, customer_external_id=CUSTOMER, **told)

    def _speak(self, *, contact: str, outcome: str = "", **told: str) -> None:
        self._add(
            "engagements",
            f"spoken-{len(self.rows['engagements'])}",
            customer_external_id=CUSTOMER,
            contact_external_id=contact,
            outcome_external_id=outcome,
            occurred_at=self._now,
            by_email=self._by,
            **told,
        )

    def _wish(self, *, key: str, **told: str) -> None:
        self._add("requests", key, customer_external_id=CUSTOMER, raised_at=self._now, **told)

    def _answer(self, *, key: str, **told: str) -> None:
        told |= {"shipped_at": self._now, "answered_by": self._by}
        self._add("requests", key, **self._as_it_stood("requests", key), **told)

    def _as_it_stood(self, file: str, external_id: str) -> Row:
        """What an export repeats of a record that goes further: what it said before, but for its state and when."""
        last = [row for row in self.rows[file] if row["external_id"] == external_id][-1]
        return {name: value for name, value in last.items() if name not in ("external_id", "known_at", "state")}


_CHECKLISTS = {
    "trial": (
        "Pain points and hoped-for gains are written down",
        "The people who decide are named",
        "Source and referrer are known",
    ),
    "adoption": (
        "Expected outcomes have KPIs with baseline, target and date",
        "Sponsor and management are behind it",
        "What was promised, and what was not, is written down",
        "Roles, tools and dates on the customer's side are known",
    ),
    "advocacy": (
        "The customer agrees to be asked",
        "Results that may be quoted are written down",
        "Who speaks for the customer is named",
    ),
}
"""The lines of the default handovers, as another system would have copied them, by the stage they lead to."""
