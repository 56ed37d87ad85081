"""Where a customer is: stages, laps and moves, handovers, what was promised, and the work to do."""

from journeys.models.calendar import Holiday, WorkCalendar
from journeys.models.change import Shock, ShockCustomer, ShockMember, ShockState, Signal, SignalKind, SignalState
from journeys.models.engagement import (
    Cadence,
    Channel,
    Direction,
    Engagement,
    EngagementContact,
    EngagementCustomer,
    Sentiment,
)
from journeys.models.flight import Force, Lap, LapKind, Move, MoveKind
from journeys.models.plan import (
    Confidence,
    Kpi,
    KpiDirection,
    KpiVersion,
    Measurement,
    Outcome,
    OutcomeKind,
    OutcomeVersion,
    Settlement,
    Win,
)
from journeys.models.relays import DeclineCause, Relay, RelayItem, RelayState, RelayTemplate, RelayTemplateItem
from journeys.models.requests import Request, RequestAnswer, RequestCustomer, RequestKind, RequestStatus
from journeys.models.sharing import PlanComment, PlanLink
from journeys.models.stages import PHASE_OF, CriterionKind, Macro, Phase, Side, Stage, StageCriterion
from journeys.models.tasks import Task, TaskState

__all__ = [
    "PHASE_OF",
    "Cadence",
    "Channel",
    "Confidence",
    "CriterionKind",
    "DeclineCause",
    "Direction",
    "Engagement",
    "EngagementContact",
    "EngagementCustomer",
    "Force",
    "Holiday",
    "Kpi",
    "KpiDirection",
    "KpiVersion",
    "Lap",
    "LapKind",
    "Macro",
    "Measurement",
    "Move",
    "MoveKind",
    "Outcome",
    "OutcomeKind",
    "OutcomeVersion",
    "Phase",
    "PlanComment",
    "PlanLink",
    "Relay",
    "RelayItem",
    "RelayState",
    "RelayTemplate",
    "RelayTemplateItem",
    "Request",
    "RequestAnswer",
    "RequestCustomer",
    "RequestKind",
    "RequestStatus",
    "Sentiment",
    "Settlement",
    "Shock",
    "ShockCustomer",
    "ShockMember",
    "ShockState",
    "Side",
    "Signal",
    "SignalKind",
    "SignalState",
    "Stage",
    "StageCriterion",
    "Task",
    "TaskState",
    "Win",
    "WorkCalendar",
]
