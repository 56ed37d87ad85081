"""What health shows on other apps' pages, as template tags: their views need not import health."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from django import template
from django.urls import reverse

from accounts.models import Customer, Workspace
from health import changes_chart, marks, narrative, panels, risk, selectors, trends, usage, what_changed
from health.ledger import CONFIG, OVERRIDE
from health.onboarding import standing
from health.onboarding.standing import Standing
from health.sample import standing as sample

register = template.Library()

USAGE_DAYS = 28


@register.simple_tag
def score_trends(rows: Sequence[Mapping[str, Any]], today: date) -> dict[UUID, list[int | None]]:
    """Twelve weeks of scores for the rows of a list (each with its ``customer``), by customer, in one query."""
    return trends.weekly_points([row["customer"].pk for row in rows], today)


@register.simple_tag
def start_checklist() -> Standing | None:
    """How far the workspace is on its way from files to a proof; None when it never began, is done or was put aside."""
    stands = standing.of_workspace()
    return stands if stands.is_listed else None


@register.simple_tag
def is_sample_offered(workspace: Workspace) -> bool:
    """Whether an empty page may offer sample data."""
    return sample.is_offered(workspace)


@register.filter
def of(values: Mapping[UUID, Any], key: UUID) -> Any:
    """The value at ``key``, None without one."""
    return values.get(key)


@register.filter
def risk_level(level: str) -> str:
    """The reader's word for a level of churn risk."""
    return narrative.risk_word(level)


@register.filter
def level_of(basis_points: int) -> str:
    """The reader's word for the level of a risk."""
    return narrative.risk_word(risk.level(basis_points))


@register.simple_tag
def customer_health(customer: Customer, now: datetime, query: Mapping[str, str]) -> dict[str, Any]:
    """The health of a customer on the days an address names (now where it names none), for the templates of health."""
    return panels.panel(customer, now, panels.shown_days(query, now.astimezone(UTC).date()))


@register.simple_tag
def changes_picture(health: Mapping[str, Any]) -> changes_chart.Picture:
    """What ``health/_changes.html`` draws."""
    return changes_chart.draw(health["changes"], health["thresholds"])


@register.filter
def cause_word(cause: str) -> str:
    """The cause of a change as a heading."""
    return what_changed.cause_word(cause)


@register.simple_tag
def health_url(customer: Customer, health: Mapping[str, Any]) -> str:
    """Where the panel asks for news of itself, for the days it shows."""
    query = health["shown"].query
    return reverse("customer_health", args=[customer.pk]) + "?" + (f"{query}&" if query else "")


@register.simple_tag
def customer_sentence(
    customer: Customer, health: Mapping[str, Any], currency: str, today: date, stage_name: str
) -> dict[str, Any]:
    """The generated sentence in ``parts``, and the ``facts`` it was written from."""
    told = panels.situation(customer, health, currency=currency, today=today, stage_name=stage_name)
    return {"parts": narrative.sentence(told), "facts": narrative.facts(told)}


@register.simple_tag
def health_history(customer: Customer, today: date) -> list[panels.Point]:
    """A year of closed days, oldest first."""
    return panels.history(customer.pk, today)


@register.simple_tag
def health_marks(customer: Customer, history: Sequence[panels.Point], today: date) -> list[marks.Mark]:
    """What people decided since the first day of ``history``."""
    return marks.of_customer(customer.pk, history[0].as_of, today) if history else []


@register.simple_tag
def changes_marks(customer: Customer, health: Mapping[str, Any]) -> list[marks.Mark]:
    """What people decided between the two days that are compared, where it moved the score."""
    changes, shown = health["changes"], health["shown"]
    if not any(entry.cause in (CONFIG, OVERRIDE) for entry in changes.entries):
        return []
    return marks.of_customer(customer.pk, shown.first + timedelta(days=1), shown.last)


@register.simple_tag
def history_rows(history: Sequence[panels.Point], decided: Sequence[marks.Mark]) -> list[marks.Row]:
    """The days of the table behind the chart, newest first."""
    return marks.rows(history, decided)


@register.simple_tag
def customer_usage(customer: Customer, today: date) -> usage.Usage:
    """What was counted in the last 28 days, today included."""
    first = today - timedelta(days=USAGE_DAYS - 1)
    return usage.arrange(selectors.usage_of(customer, first, today), first, today)
