"""What pages show of the success plan: the same rows for staff, the review page and the customer's own view."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from accounts.models import Customer
from csplatform.core import formats
from journeys import plan_words
from journeys.models import OutcomeKind
from journeys.plan import chart
from journeys.plan.rules import KpiStanding, Status
from journeys.selectors import plan, sharing, wins
from journeys.selectors.plan import KpiRead, OutcomeRead

SHOWN_WINS = 5
SHOWN_DECIDED = 20


def value_panel(customer: Customer, now: datetime) -> dict[str, Any]:
    """The Value tab: what is promised and how it stands, trial criteria, what was won, and who reads along."""
    reads = plan.plan_of(customer.pk, day=now.date(), known_by=now)
    outcomes = [read for read in reads if read.outcome.kind == OutcomeKind.OUTCOME]
    trial = [read for read in reads if read.outcome.kind == OutcomeKind.TRIAL]
    won, total = wins.wins_of(customer.pk, most=SHOWN_WINS)
    decided = [read for read in outcomes if not read.is_open]
    return {
        "sentence": sentence(outcomes),
        "open": [outcome_row(read) for read in outcomes if read.is_open],
        "decided": [outcome_row(read) for read in decided[:SHOWN_DECIDED]],
        "decided_more": max(0, len(decided) - SHOWN_DECIDED),
        "trial": [outcome_row(read) for read in trial],
        "trial_open": sum(read.is_open for read in trial),
        "wins": won,
        "wins_total": total,
        "links": sharing.links_of(customer.pk, day=now.date()),
        "comments": sharing.comments_of(customer.pk),
        "unread": sharing.unread_of(customer.pk),
        "urls": {
            "define": reverse("outcome_new", args=[customer.pk]),
            "define_trial": reverse("outcome_new", args=[customer.pk]) + "?kind=trial",
            "review": reverse("customer_review", args=[customer.pk]),
            "win": reverse("win_new", args=[customer.pk]),
            "share": reverse("plan_share", args=[customer.pk]),
        },
    }


def sentence(reads: Sequence[OutcomeRead]) -> str:
    """How the plan stands as a whole, in a sentence; empty where nothing is promised."""
    standing = [read for read in reads if read.standing.status is not Status.DROPPED]
    if not standing:
        return ""
    counted = {status: sum(read.standing.status is status for read in standing) for status in Status}
    total = len(standing)
    parts = [
        part % {"n": counted[status]}
        for status, part in (
            (Status.MET, _("%(n)d met")),
            (Status.ON_TRACK, _("%(n)d on track")),
            (Status.AT_RISK, _("%(n)d at risk")),
            (Status.OFF_TRACK, _("%(n)d off track")),
            (Status.MISSED, _("%(n)d missed")),
            (Status.NOT_STARTED, _("%(n)d not measured yet")),
            (Status.UNDATED, _("%(n)d without a due date")),
            (Status.WAIVED, _("%(n)d waived")),
        )
        if counted[status]
    ]
    head = ngettext("%(n)d expected outcome: %(parts)s.", "%(n)d expected outcomes: %(parts)s.", total) % {
        "n": total,
        "parts": ", ".join(parts),
    }
    due = [read.standing.due_on for read in standing if read.is_open and read.standing.due_on]
    if not due:
        return head
    return head + " " + _("The next is due on %(day)s.") % {"day": formats.day(min(due), get_language())}


def outcome_row(read: OutcomeRead, *, to_customer: bool = False) -> dict[str, Any]:
    """An outcome with its KPIs as rows."""
    return {
        "id": read.outcome.pk,
        "read": read,
        "statement": read.version.statement,
        "status": read.standing.status,
        "why": plan_words.outcome_why(read, to_customer=to_customer),
        "only_kpi_tells": len(read.kpis) == 1 and not read.version.settlement,
        "due_on": read.standing.due_on,
        "evolved": len(read.versions) - 1,
        "url": reverse("outcome_detail", args=[read.outcome.pk]),
        "kpis": [kpi_row(kpi) for kpi in read.kpis],
    }


def kpi_row(read: KpiRead) -> dict[str, Any]:
    """A KPI as a row: where it is, where it came from and is to go, and its small chart."""
    return {
        "id": read.kpi.pk,
        "read": read,
        "name": read.version.name,
        "figures": plan_words.kpi_figures(read),
        "status": read.standing.status,
        "tone": plan_words.TONES.get(read.standing.status, "unk"),
        "why": plan_words.kpi_why(read),
        "due_on": read.standing.due_on,
        "measured_by": read.version.measured_by,
        "small": chart.small(read.standing, read.readings) if read.readings else None,
    }


def kpi_chart(read: KpiRead, day: date) -> dict[str, Any]:
    """The chart of a KPI with its words; ``height`` in pixels without the line of months.

    Words stand where no line runs: the target's at the left, the baseline's at the right, the newest figure's on the
    side the line comes from when it rises, and on the other when it falls.
    """
    drawn = chart.progress(read.standing, read.readings, day=day)
    figures = plan_words.kpi_figures(read)
    newest = drawn.marks[-1] if drawn.marks else None
    rises = drawn.target < drawn.baseline
    return {
        "drawn": drawn,
        "height": chart.HEIGHT,
        "tall": chart.HEIGHT + 24,
        "target_text": _("Target %(figure)s") % {"figure": figures["target"]},
        "target_dy": 14 if not rises and drawn.target < 20 else -5,
        "baseline_text": _("From %(figure)s") % {"figure": figures["baseline"]},
        "baseline_dy": -5 if rises else 12,
        "newest": newest,
        "newest_text": plan_words.figure(newest.reading.value, read.version.unit) if newest else "",
        "newest_before": newest is not None and (newest.x > 78 or (rises and newest.x > 22)),
        "newest_dy": 18 if not rises and newest is not None and newest.x > 78 else -8,
        "day": day,
    }


def value_before(read: KpiRead, before: KpiStanding | None) -> str:
    """The figure of a KPI at an earlier day, with its unit; empty where there was none yet."""
    if before is None or before.value is None:
        return ""
    return plan_words.figure(before.value, read.version.unit)
