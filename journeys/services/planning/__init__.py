"""Writing the success plan: outcomes, KPIs, measurements and wins. Each change names who made it and why."""

from journeys.services.planning.kpis import add_kpi, retire_kpi, revise_kpi
from journeys.services.planning.measuring import correct_measurement, record_measurement, withdraw_measurement
from journeys.services.planning.outcomes import define_outcome, revise_outcome, settle
from journeys.services.planning.wins import celebrate, record_win, revise_win

__all__ = [
    "add_kpi",
    "celebrate",
    "correct_measurement",
    "define_outcome",
    "record_measurement",
    "record_win",
    "retire_kpi",
    "revise_kpi",
    "revise_outcome",
    "revise_win",
    "settle",
    "withdraw_measurement",
]
