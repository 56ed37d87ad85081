"""What the journey shows on other apps' pages, as template tags: their views need not import journeys."""

from __future__ import annotations

from datetime import date

from django import template

from accounts.models import Customer
from journeys import chronicle
from journeys.chronicle import Chapter
from journeys.models import Force, Lap, Move, StageCriterion
from journeys.selectors import criteria, flights
from journeys.selectors.flights import FlightRead

register = template.Library()


@register.simple_tag
def customer_flight(customer: Customer, today: date) -> FlightRead:
    """The customer's laps and moves, up to the end of ``today``."""
    return flights.flight_of(customer, today)


@register.simple_tag
def lap_number(customer: Customer) -> int | None:
    """Which lap the customer is on; None before the first and after a churn."""
    found: int | None = (
        Lap.objects.filter(customer=customer, ended_on__isnull=True).values_list("number", flat=True).first()
    )
    return found


@register.filter
def chapters(flight: FlightRead) -> list[Chapter]:
    """The flight with what happened beside its moves, lap by lap, the newest first."""
    return chronicle.chapters(flight)


@register.simple_tag
def churn_forces() -> list[tuple[str, str]]:
    """What can ground a customer: value and name."""
    return [(force.value, str(force.label)) for force in Force]


@register.filter
def criterion_name(row: StageCriterion) -> str:
    """What a stage asks for, in words."""
    return criteria.in_words(criteria.as_criterion(row))


@register.filter
def passed_over(move: Move) -> str:
    """What an override went past, in words."""
    return ", ".join(criteria.name_of(key) for key in move.passed_over)
